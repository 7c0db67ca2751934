//! What the environment may say about an object store.

use std::str::FromStr;

use secrecy::{ExposeSecret as _, SecretString};
use url::{Host, Url};

use super::Error;

/// Options that would give up what keeps a secret, by the names that `object_store` has for them.
const UNSAFE: [&str; 3] = [
    "allow_http",
    "allow_invalid_certificates",
    "proxy_ca_certificate",
];

/// Where requests with credentials go. Not those endpoints of a cloud from which a machine has its identity: these
/// are plain http, and never leave the machine.
const ENDPOINTS: [&str; 7] = [
    "azure_storage_endpoint",
    "azure_storage_authority_host",
    "azure_fabric_token_service_url",
    "aws_endpoint",
    "aws_endpoint_url_s3",
    "aws_endpoint_url_sts",
    "google_base_url",
];

/// Asks for an emulator, which another variable then says the place of.
const USE_EMULATOR: &str = "azure_storage_use_emulator";

/// The same as [`USE_EMULATOR`] says.
const EMULATOR: &str = "azurite_blob_storage_url";

/// The options of a kind of store, whose keys are `K`, in the variables of the environment. Variables for others are
/// left out, and so is what would give up what keeps a secret; plain http goes to this machine alone.
pub(super) fn of<K: FromStr + AsRef<str>>(
    environment: Vec<(String, SecretString)>,
) -> Result<Vec<(K, String)>, Error> {
    let environment: Vec<_> = environment
        .into_iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), value))
        .collect();
    let mut options: Vec<(K, String)> = Vec::new();
    let mut is_plain = false;
    for (name, secret) in &environment {
        let value = secret.expose_secret();
        let Ok(key) = name.parse::<K>() else {
            continue;
        };
        if UNSAFE.contains(&key.as_ref()) {
            continue;
        }
        if ENDPOINTS.contains(&key.as_ref()) {
            is_plain |= is_plain_here(name, value)?;
        }
        if key.as_ref() == USE_EMULATOR {
            for (name, value) in environment.iter().filter(|(name, _)| name == EMULATOR) {
                is_plain_here(name, value.expose_secret())?;
            }
        }
        options.push((key, value.to_owned()));
    }
    if is_plain && let Ok(key) = "allow_http".parse() {
        options.push((key, "true".to_owned()));
    }
    Ok(options)
}

/// Whether `value`, which the variable `name` has, is plain http; an error where it is, and leaves this machine.
fn is_plain_here(name: &str, value: &str) -> Result<bool, Error> {
    match Url::parse(value) {
        Ok(url) if url.scheme() == "http" && is_loopback(&url) => Ok(true),
        Ok(url) if url.scheme() == "http" => Err(Error::PlainStorage {
            name: name.to_owned(),
        }),
        // What is no URL is the store's to refuse.
        Ok(_) | Err(_) => Ok(false),
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use object_store::aws::AmazonS3ConfigKey;
    use object_store::azure::AzureConfigKey;
    use object_store::gcp::GoogleConfigKey;

    use super::*;

    fn options<K: FromStr + AsRef<str>>(environment: &[(&str, &str)]) -> Result<String, String> {
        let environment = environment.iter();
        let owned = environment.map(|(name, value)| ((*name).to_owned(), (*value).into()));
        let options = of::<K>(owned.collect()).map_err(|error| error.to_string())?;
        let said = options
            .iter()
            .map(|(key, value)| format!("{}={value}", key.as_ref()));
        Ok(said.collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn plain_http_goes_to_this_machine_alone() {
        for here in [
            "http://127.0.0.1:1/a",
            "http://[::1]:1",
            "http://localhost:1",
        ] {
            assert_eq!(
                options::<AzureConfigKey>(&[("AZURE_STORAGE_ENDPOINT", here)]),
                Ok(format!("azure_storage_endpoint={here} allow_http=true"))
            );
        }
        let refused = |name: &str| {
            Err(format!(
                "the variable {name} asks for plain http to another machine"
            ))
        };
        let there = "http://blobs.example";
        for name in [
            "AZURE_STORAGE_ENDPOINT",
            "AZURE_ENDPOINT",
            "AZURE_AUTHORITY_HOST",
        ] {
            assert_eq!(options::<AzureConfigKey>(&[(name, there)]), refused(name));
        }
        for name in [
            "AWS_ENDPOINT_URL",
            "AWS_ENDPOINT_URL_S3",
            "AWS_ENDPOINT_URL_STS",
        ] {
            assert_eq!(
                options::<AmazonS3ConfigKey>(&[(name, there)]),
                refused(name)
            );
        }
        let name = "GOOGLE_BASE_URL";
        assert_eq!(options::<GoogleConfigKey>(&[(name, there)]), refused(name));
        // Its place is in a variable that is no option.
        let emulator = |url| {
            let all = [
                ("AZURITE_BLOB_STORAGE_URL", url),
                ("AZURE_STORAGE_USE_EMULATOR", "true"),
            ];
            options::<AzureConfigKey>(&all)
        };
        assert_eq!(emulator(there), refused("AZURITE_BLOB_STORAGE_URL"));
        assert_eq!(
            emulator("http://localhost:1"),
            Ok("azure_storage_use_emulator=true".into())
        );
    }

    #[test]
    fn what_is_for_others_is_left_out() {
        let environment = [
            ("AWS_ENDPOINT_URL_DYNAMODB", "http://dynamo.example"),
            (
                "AWS_EC2_METADATA_SERVICE_ENDPOINT",
                "http://169.254.169.254",
            ),
            ("AWS_METADATA_ENDPOINT", "http://169.254.169.254"),
            ("AZURE_STORAGE_ENDPOINT", "http://blobs.example"),
            ("AWS_REGION", "r"),
        ];
        assert_eq!(
            options::<AmazonS3ConfigKey>(&environment),
            Ok("aws_metadata_endpoint=http://169.254.169.254 aws_region=r".into())
        );
        let msi = [(
            "AZURE_MSI_ENDPOINT",
            "http://169.254.169.254/metadata/identity",
        )];
        assert!(options::<AzureConfigKey>(&msi).is_ok());
    }

    #[test]
    fn what_keeps_a_secret_cannot_be_given_up() {
        for name in [
            "ALLOW_HTTP",
            "ALLOW_INVALID_CERTIFICATES",
            "PROXY_CA_CERTIFICATE",
        ] {
            let none = Ok(String::new());
            let value = "true";
            let azure = options::<AzureConfigKey>(&[(&format!("AZURE_{name}"), value)]);
            assert_eq!(azure, none);
            let s3 = options::<AmazonS3ConfigKey>(&[(&format!("AWS_{name}"), value)]);
            assert_eq!(s3, none);
            let gcs = options::<GoogleConfigKey>(&[(&format!("GOOGLE_{name}"), value)]);
            assert_eq!(gcs, none);
        }
    }
}
