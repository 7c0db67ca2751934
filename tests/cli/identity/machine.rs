//! `auth: managed_identity`.

use super::{APP, HEADER, Scene};

fn endpoint(scene: &Scene) -> String {
    format!("{}/msi/token", scene.emulator.url)
}

#[test]
fn a_machine_gets_in_by_its_own_identity_and_by_one_that_a_user_assigned() {
    let scene = Scene::new("managed_identity");
    let endpoint = endpoint(&scene);
    let variables = [
        ("IDENTITY_ENDPOINT", endpoint.as_str()),
        ("IDENTITY_HEADER", HEADER),
    ];
    scene.works(&variables);
    scene.manifest("managed_identity", &format!("    client_id: {APP}\n"));
    let plan = scene.run(&["plan"], &variables);
    assert_eq!(plan.code, Some(0), "{plan}");
}

#[test]
fn a_machine_without_that_identity_is_told() {
    let scene = Scene::new("managed_identity");
    let endpoint = endpoint(&scene);
    let endpoint = ("IDENTITY_ENDPOINT", endpoint.as_str());
    let wrong = ("IDENTITY_HEADER", "hush-wrong");
    insta::assert_snapshot!(scene.fails(&[endpoint, wrong]), @"
    jumpbag::auth::refused

      × could not get a token with `auth: managed_identity`
      ╰─▶ the answer was 401: `Unauthorized`
      help: check that a managed identity is assigned to this machine; one that a user assigned is named by `client_id`
    ");
    let other = "00000000-0000-0000-0000-00000000000f";
    scene.manifest("managed_identity", &format!("    client_id: {other}\n"));
    insta::assert_snapshot!(scene.fails(&[endpoint, ("IDENTITY_HEADER", HEADER)]), @"
    jumpbag::auth::refused

      × could not get a token with `auth: managed_identity` for the application `[ID]`
      ╰─▶ the answer was 400: `No User Assigned or Delegated Managed Identity
          found for specified ClientId/ResourceId/PrincipalId.`
      help: check that a managed identity is assigned to this machine; one that a user assigned is named by `client_id`
    ");
}

#[test]
fn an_endpoint_on_another_machine_is_not_given_the_header() {
    let scene = Scene::new("managed_identity");
    let endpoint = ("IDENTITY_ENDPOINT", "http://example.org/msi/token");
    insta::assert_snapshot!(scene.fails(&[endpoint, ("IDENTITY_HEADER", HEADER)]), @"
    jumpbag::auth::unreachable

      × could not get a token with `auth: managed_identity`
      ╰─▶ `example.org` is neither https nor on this machine, so that no secret is
          sent to it
      help: check the library's `authority` and the variables of the identity
    ");
}
