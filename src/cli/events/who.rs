//! Who runs this, and where: what the environment says, unverified.

use secrecy::SecretString;
use url::Url;

use crate::cli::env;
use crate::library;
use crate::render::events::{Ci, Identity, IdentitySource, Provider, RunStarted, format_version};

/// The beginning of a run's events.
pub(super) fn run_started() -> RunStarted {
    RunStarted {
        format_version: format_version(),
        jumpbag_version: env!("CARGO_PKG_VERSION").to_owned(),
        command: env::command(),
        user: env::user(),
        host: env::host(),
        process: std::process::id(),
        identity: identity(env::token().as_ref(), &env::text),
        ci: ci(&env::text),
    }
}

/// A look at one variable.
type Look<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Whom the API is told to be asked by. The token's own claim comes first: it is the token that is sent.
fn identity(token: Option<&SecretString>, look: Look<'_>) -> Option<Identity> {
    let claimed = token.and_then(library::claimed_client_id);
    let set = || look(env::CLIENT_ID).and_then(|id| uuid::Uuid::parse_str(id.trim()).ok());
    let (id, source) = match claimed {
        Some(id) => (id, IdentitySource::UnverifiedTokenClaim),
        None => (set()?, IdentitySource::Environment),
    };
    Some(Identity {
        client_id: id.to_string(),
        source,
    })
}

/// The pipeline that this runs in.
fn ci(look: Look<'_>) -> Option<Ci> {
    let is_true = |name| look(name).is_some_and(|value| value.eq_ignore_ascii_case("true"));
    if is_true("GITHUB_ACTIONS") {
        Some(Ci {
            provider: Provider::GithubActions,
            run_url: github_run(look),
            commit: look("GITHUB_SHA"),
            actor: look("GITHUB_TRIGGERING_ACTOR").or_else(|| look("GITHUB_ACTOR")),
        })
    } else if is_true("TF_BUILD") {
        Some(Ci {
            provider: Provider::AzurePipelines,
            run_url: azure_run(look),
            commit: look("BUILD_SOURCEVERSION"),
            actor: look("BUILD_REQUESTEDFOR"),
        })
    } else if is_true("GITLAB_CI") {
        Some(Ci {
            provider: Provider::GitlabCi,
            run_url: look("CI_JOB_URL").or_else(|| look("CI_PIPELINE_URL")),
            commit: look("CI_COMMIT_SHA"),
            actor: look("GITLAB_USER_LOGIN"),
        })
    } else {
        None
    }
}

fn github_run(look: Look<'_>) -> Option<String> {
    let repository = look("GITHUB_REPOSITORY")?;
    let run = look("GITHUB_RUN_ID")?;
    let mut path: Vec<_> = repository.split('/').collect();
    path.extend(["actions", "runs", run.as_str()]);
    let attempt = look("GITHUB_RUN_ATTEMPT");
    if let Some(attempt) = &attempt {
        path.extend(["attempts", attempt.as_str()]);
    }
    below(&look("GITHUB_SERVER_URL")?, &path).map(Into::into)
}

fn azure_run(look: Look<'_>) -> Option<String> {
    let base = look("SYSTEM_TEAMFOUNDATIONCOLLECTIONURI").or_else(|| look("SYSTEM_COLLECTIONURI"));
    let project = look("SYSTEM_TEAMPROJECT")?;
    let mut url = below(&base?, &[&project, "_build", "results"])?;
    url.query_pairs_mut()
        .append_pair("buildId", &look("BUILD_BUILDID")?);
    Some(url.into())
}

/// The address of `path` below `base`, each part escaped.
fn below(base: &str, path: &[&str]) -> Option<Url> {
    let mut url = Url::parse(base).ok()?;
    url.path_segments_mut().ok()?.pop_if_empty().extend(path);
    Some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(variables: &[(&str, &str)]) -> Option<Ci> {
        ci(&|name| {
            let set = variables.iter().find(|(set, _)| *set == name);
            set.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn each_service_gives_the_page_of_its_run() {
        let github = found(&[
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_SERVER_URL", "https://github.example"),
            ("GITHUB_REPOSITORY", "soc/library"),
            ("GITHUB_RUN_ID", "71"),
            ("GITHUB_RUN_ATTEMPT", "2"),
            ("GITHUB_SHA", "c0ffee"),
            ("GITHUB_ACTOR", "ann"),
            ("CI", "true"),
        ]);
        let azure = found(&[
            ("TF_BUILD", "True"),
            (
                "SYSTEM_TEAMFOUNDATIONCOLLECTIONURI",
                "https://dev.azure.example/soc/",
            ),
            ("SYSTEM_TEAMPROJECT", "Live response"),
            ("BUILD_BUILDID", "71"),
            ("BUILD_SOURCEVERSION", "c0ffee"),
            ("BUILD_REQUESTEDFOR", "Ann"),
        ]);
        let gitlab = found(&[
            ("GITLAB_CI", "true"),
            ("CI_JOB_URL", "https://gitlab.example/soc/library/-/jobs/71"),
            ("CI_COMMIT_SHA", "c0ffee"),
            ("GITLAB_USER_LOGIN", "ann"),
        ]);
        let urls = [github, azure, gitlab].map(|ci| {
            let ci = ci.unwrap();
            assert_eq!(ci.commit.as_deref(), Some("c0ffee"));
            assert!(ci.actor.is_some());
            ci.run_url.unwrap()
        });
        assert_eq!(
            urls,
            [
                "https://github.example/soc/library/actions/runs/71/attempts/2",
                "https://dev.azure.example/soc/Live%20response/_build/results?buildId=71",
                "https://gitlab.example/soc/library/-/jobs/71",
            ]
        );
    }

    #[test]
    fn a_service_that_says_little_is_named_all_the_same() {
        let ci = found(&[("GITHUB_ACTIONS", "true"), ("GITHUB_RUN_ID", "71")]).unwrap();
        assert_eq!((ci.provider, ci.run_url), (Provider::GithubActions, None));
        assert_eq!(found(&[]), None);
        assert_eq!(found(&[("GITHUB_ACTIONS", "false")]), None);
    }

    #[test]
    fn the_token_that_is_sent_says_more_than_the_environment() {
        const SET: &str = "11111111-1111-1111-1111-111111111111";
        const CLAIMED: &str = "22222222-2222-2222-2222-222222222222";
        let look = |_: &str| Some(SET.to_owned());
        // {"appid":"22222222-…"}
        let token = "e30.eyJhcHBpZCI6IjIyMjIyMjIyLTIyMjItMjIyMi0yMjIyLTIyMjIyMjIyMjIyMiJ9.x";
        let of = |token: Option<&str>| {
            let token = token.map(SecretString::from);
            identity(token.as_ref(), &look).unwrap()
        };
        assert_eq!(of(Some(token)).client_id, CLAIMED);
        assert_eq!(of(Some("opaque")).client_id, SET);
        assert_eq!(of(None).source, IdentitySource::Environment);
        // What is no client id is not taken for one: it may be a secret in the wrong place.
        assert_eq!(identity(None, &|_| Some("hush".to_owned())), None);
    }
}
