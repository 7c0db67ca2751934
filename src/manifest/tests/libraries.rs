//! `libraries:`.

use std::time::Duration;

use super::*;
use crate::manifest::{Cloud, Endpoint};
use crate::model::{Auth, Limit, Unmanaged};

fn library(body: &str) -> String {
    format!("version: 1\nlibraries:\n  contoso:\n    {body}\n")
}

#[track_caller]
fn one(body: &str) -> Library {
    let mut libraries = good(&library(body)).libraries;
    assert_eq!(libraries.len(), 1);
    libraries.remove(0)
}

#[test]
fn without_libraries_there_is_one_from_the_environment() {
    for text in ["version: 1", "version: 1\nlibraries:\n"] {
        let libraries = good(text).libraries;
        assert_eq!(libraries.len(), 1);
        assert_eq!(libraries[0].name, "default");
        assert!(libraries[0].from_environment);
    }
}

#[test]
fn a_library_has_the_documented_defaults() {
    let expected = Library {
        name: "contoso".to_owned(),
        from_environment: false,
        tenant_id: None,
        cloud: Cloud::Commercial,
        endpoint: None,
        auth: Auth::Default,
        client_id: None,
        authority: None,
        scope: None,
        ca_file: None,
        max_file_size: 4_000_000,
        limits: Limit::DOCUMENTED.to_vec(),
        unmanaged: Unmanaged::Keep,
        max_deletes: 10,
    };
    assert_eq!(one(""), expected);
    assert_eq!(
        one(
            "{tenant_id: , cloud: , endpoint: , auth: , client_id: , authority: , scope: , ca_file: , max_file_size: , limits: , unmanaged: , max_deletes: }"
        ),
        expected
    );
}

#[test]
fn every_setting_is_read() {
    let all = one(
        "{tenant_id: contoso.onmicrosoft.com, cloud: gcc_high, endpoint: 'emulator:./data', auth: token, client_id: 00000000-0000-0000-0000-000000000001, authority: 'https://login.example/', scope: 'api://x/.default', ca_file: ./certs//ca.pem, max_file_size: 20 MiB, limits: [{calls: 1, per: 500ms}], unmanaged: delete, max_deletes: 0}",
    );
    assert_eq!(
        all,
        Library {
            name: "contoso".to_owned(),
            from_environment: false,
            tenant_id: Some("contoso.onmicrosoft.com".to_owned()),
            cloud: Cloud::GccHigh,
            endpoint: Some(Endpoint::Emulator(utf8("./data"))),
            auth: Auth::Token,
            client_id: Some("00000000-0000-0000-0000-000000000001".to_owned()),
            authority: Some("https://login.example".to_owned()),
            scope: Some("api://x/.default".to_owned()),
            ca_file: Some(utf8("certs/ca.pem")),
            max_file_size: 20 << 20,
            limits: vec![Limit {
                calls: 1,
                per: Duration::from_millis(500)
            }],
            unmanaged: Unmanaged::Delete,
            max_deletes: 0,
        }
    );
    assert_eq!(one("limits: []").limits, []);
    assert_eq!(one("max_file_size: 5").max_file_size, 5);
}

#[test]
fn libraries_are_sorted_by_name() {
    let libraries = good("version: 1\nlibraries: {b: , a-1: , 0_x: }").libraries;
    let names: Vec<&str> = libraries
        .iter()
        .map(|library| library.name.as_str())
        .collect();
    assert_eq!(names, ["0_x", "a-1", "b"]);
}

#[test]
fn a_library_name_has_to_be_a_folder_name() {
    insta::assert_snapshot!(bad("version: 1\nlibraries:\n  Contoso Ltd:\n"), @"
    jumpbag::manifest::bad_library_name

      x `Contoso Ltd` cannot be the name of a library
       ,-[jumpbag.yaml:3:3]
     2 | libraries:
     3 |   Contoso Ltd:
       :   ^^^^^|^^^^^
       :        `-- it becomes the name of a folder
       `----
      help: use 1 to 64 characters, a-z, 0-9, `_` and `-`, with a letter or a
            digit first
    ");
    for name in [
        "-a",
        "_a",
        "A",
        "a.b",
        "a/b",
        "''",
        "ä",
        "..",
        &"a".repeat(65),
    ] {
        assert_eq!(
            ids(&format!("version: 1\nlibraries: {{{name}: }}")),
            ["bad_library_name"],
            "{name}"
        );
    }
    good(&format!("version: 1\nlibraries: {{{}: }}", "a".repeat(64)));
}

#[test]
fn an_empty_map_of_libraries_is_refused() {
    insta::assert_snapshot!(bad("version: 1\nlibraries: {}\n"), @"
    jumpbag::manifest::no_libraries

      x `libraries` holds no library
       ,-[jumpbag.yaml:2:12]
     1 | version: 1
     2 | libraries: {}
       :            |
       :            `-- nothing here
       `----
      help: name a library, or take the key away: then the library comes from the
            environment
    ");
}

#[test]
fn words_are_checked() {
    insta::assert_snapshot!(bad(library("cloud: gcchigh")), @"
    jumpbag::manifest::unknown_word

      x `cloud` cannot be `gcchigh`
       ,-[jumpbag.yaml:4:12]
     3 |   contoso:
     4 |     cloud: gcchigh
       :            ^^^|^^^
       :               `-- unknown word
       `----
      help: write `gcc_high`, if that is meant
    ");
    insta::assert_snapshot!(bad(library("auth: password")), @"
    jumpbag::manifest::unknown_word

      x `auth` cannot be `password`
       ,-[jumpbag.yaml:4:11]
     3 |   contoso:
     4 |     auth: password
       :           ^^^^|^^^
       :               `-- unknown word
       `----
      help: use one of `default`, `client_secret`, `client_certificate`,
            `workload_identity`, `github_actions`, `azure_pipelines`,
            `managed_identity`, `azure_cli`, `token`
    ");
    assert_eq!(ids(&library("unmanaged: Delete")), ["unknown_word"]);
    for (word, cloud) in Cloud::WORDS {
        assert_eq!(one(&format!("cloud: {word}")).cloud, cloud);
    }
    for (word, auth) in Auth::WORDS {
        assert_eq!(one(&format!("auth: {word}")).auth, auth);
        assert_eq!(auth.as_str(), word);
    }
}

#[test]
fn every_cloud_has_the_documented_host() {
    let hosts: Vec<&str> = Cloud::WORDS
        .iter()
        .map(|(_, cloud)| cloud.api_host())
        .collect();
    assert_eq!(
        hosts,
        [
            "api.securitycenter.microsoft.com",
            "us.api.security.microsoft.com",
            "eu.api.security.microsoft.com",
            "uk.api.security.microsoft.com",
            "au.api.security.microsoft.com",
            "swa.api.security.microsoft.com",
            "ina.api.security.microsoft.com",
            "api-gcc.securitycenter.microsoft.us",
            "api-gov.securitycenter.microsoft.us",
            "api-gov.securitycenter.microsoft.us",
        ]
    );
}

#[test]
fn a_tenant_is_a_guid_or_a_domain() {
    insta::assert_snapshot!(bad(library("tenant_id: contoso")), @"
    jumpbag::manifest::bad_tenant

      x `contoso` names no tenant
       ,-[jumpbag.yaml:4:16]
     3 |   contoso:
     4 |     tenant_id: contoso
       :                ^^^|^^^
       :                   `-- neither a GUID nor a domain name
       `----
      help: write the tenant's id from the Entra overview page, or a domain such
            as `contoso.onmicrosoft.com`
    ");
    for tenant in [
        "a-.b",
        "a..b",
        "{00000000-0000-0000-0000-000000000000}",
        "00000000000000000000000000000000",
        "a b.c",
        "../x.y",
        "a.b/c",
    ] {
        assert_eq!(
            ids(&library(&format!("tenant_id: '{tenant}'"))),
            ["bad_tenant"],
            "{tenant}"
        );
    }
    assert_eq!(ids(&library("tenant_id: ''")), ["empty_text"]);
    one("tenant_id: ABCDEF00-0000-0000-0000-00000000000f");
}

#[test]
fn an_endpoint_keeps_the_token_safe() {
    insta::assert_snapshot!(bad(library("endpoint: http://api.example.org")), @"
    jumpbag::manifest::insecure_endpoint

      x the endpoint is plain http and not on this machine
       ,-[jumpbag.yaml:4:15]
     3 |   contoso:
     4 |     endpoint: http://api.example.org
       :               ^^^^^^^^^^^|^^^^^^^^^^
       :                          `-- the token would travel in the clear
       `----
      help: use https; plain http is for `127.0.0.1`, `[::1]` and `localhost`
    ");
    insta::assert_snapshot!(bad(library("endpoint: https://me:secret@example.org")), @"
    jumpbag::manifest::bad_endpoint

      x the endpoint cannot be used
       ,-[jumpbag.yaml:4:15]
     3 |   contoso:
     4 |     endpoint: https://me:secret@example.org
       :               ^^^^^^^^^^^^^^|^^^^^^^^^^^^^^
       :                             `-- it holds a user or a password
       `----
      help: write `https://HOST`, or `emulator:DIR`; without `endpoint`, `cloud`
            decides
    ");
    for endpoint in [
        "http://127.0.0.1.example.org",
        "http://0.0.0.0:80",
        "http://localhost.example.org",
        "http://10.0.0.1",
        "http://[::2]",
    ] {
        assert_eq!(
            ids(&library(&format!("endpoint: '{endpoint}'"))),
            ["insecure_endpoint"],
            "{endpoint}"
        );
    }
    for endpoint in [
        "api.example.org",
        "ftp://example.org",
        "https://",
        "https://a?b=c",
        "https://a#b",
        "emulator:",
        "file:///etc",
        "https:// a",
    ] {
        assert_eq!(
            ids(&library(&format!("endpoint: '{endpoint}'"))),
            ["bad_endpoint"],
            "{endpoint}"
        );
    }
    assert_eq!(
        ids(&library("endpoint: 'emulator:../x'")),
        ["parent_outside"]
    );
    assert_eq!(ids(&library("endpoint: 'emulator:/x'")), ["absolute_path"]);
    for endpoint in [
        "https://api.example.org/base",
        "http://127.0.0.1:8080",
        "http://[::1]:8080",
        "http://localhost:1",
        "HTTPS://EXAMPLE.ORG",
    ] {
        let library = one(&format!("endpoint: '{endpoint}'"));
        assert_eq!(library.endpoint, Some(Endpoint::Url(endpoint.to_owned())));
    }
}

#[test]
fn sizes_and_limits_are_checked() {
    insta::assert_snapshot!(bad(library("max_file_size: 4 megabytes")), @"
    jumpbag::manifest::bad_size

      x `max_file_size` is not a size
       ,-[jumpbag.yaml:4:20]
     3 |   contoso:
     4 |     max_file_size: 4 megabytes
       :                    ^^^^^|^^^^^
       :                         `-- this
       `----
      help: write a whole number of bytes larger than zero, or one with a unit,
            such as `4MB` or `4MiB`
    ");
    insta::assert_snapshot!(bad(library("limits: [{calls: 0, per: 60}, {calls: 5}]")), @r#"
    jumpbag::manifest::bad_number

      x `calls` is not a whole number from 1 to 4294967295
       ,-[jumpbag.yaml:4:22]
     3 |   contoso:
     4 |     limits: [{calls: 0, per: 60}, {calls: 5}]
       :                      |
       :                      `-- this number
       `----
      help: write a number in that range
    jumpbag::manifest::wrong_type

      x `per` has to be text
       ,-[jumpbag.yaml:4:30]
     3 |   contoso:
     4 |     limits: [{calls: 0, per: 60}, {calls: 5}]
       :                              ^|
       :                               `-- this is a number
       `----
      help: put it in quotes: `"60"`
    jumpbag::manifest::missing_key

      x a limit has no `per`
       ,-[jumpbag.yaml:4:35]
     3 |   contoso:
     4 |     limits: [{calls: 0, per: 60}, {calls: 5}]
       :                                   |
       :                                   `-- in this map
       `----
      help: add `per:`
    "#);
    insta::assert_snapshot!(bad(library("limits: [{calls: 1, per: 0s}]")), @"
    jumpbag::manifest::bad_duration

      x `per` is not a length of time
       ,-[jumpbag.yaml:4:30]
     3 |   contoso:
     4 |     limits: [{calls: 1, per: 0s}]
       :                              ^|
       :                               `-- this
       `----
      help: write a whole number and a unit, such as `90s`, `1m` or `1h`, longer
            than zero
    ");
    assert_eq!(ids(&library("max_file_size: 0")), ["bad_size"]);
    assert_eq!(ids(&library("max_file_size: -1")), ["bad_size"]);
    assert_eq!(ids(&library("max_deletes: -1")), ["bad_number"]);
    assert_eq!(ids(&library("max_deletes: 1.5")), ["bad_number"]);
    assert_eq!(
        ids(&library("limits: [{calls: 4294967296, per: 1m}]")),
        ["bad_number"]
    );
}

#[test]
fn every_cloud_has_its_login_host_and_scope() {
    let places: Vec<String> = Cloud::WORDS
        .iter()
        .map(|(word, cloud)| format!("{word} {} {}", cloud.login_host(), cloud.scope()))
        .collect();
    insta::assert_snapshot!(places.join("\n"), @"
    commercial login.microsoftonline.com https://api.securitycenter.microsoft.com/.default
    us login.microsoftonline.com https://api.securitycenter.microsoft.com/.default
    eu login.microsoftonline.com https://api.securitycenter.microsoft.com/.default
    uk login.microsoftonline.com https://api.securitycenter.microsoft.com/.default
    au login.microsoftonline.com https://api.securitycenter.microsoft.com/.default
    swa login.microsoftonline.com https://api.securitycenter.microsoft.com/.default
    ina login.microsoftonline.com https://api.securitycenter.microsoft.com/.default
    gcc login.microsoftonline.com https://api-gcc.securitycenter.microsoft.us/.default
    gcc_high login.microsoftonline.us https://api-gov.securitycenter.microsoft.us/.default
    dod login.microsoftonline.us https://api-gov.securitycenter.microsoft.us/.default
    ");
}

#[test]
fn an_authority_is_never_plain_http() {
    insta::assert_snapshot!(bad(library("authority: http://127.0.0.1:8080")), @"
    jumpbag::manifest::bad_authority

      x the authority cannot be used
       ,-[jumpbag.yaml:4:16]
     3 |   contoso:
     4 |     authority: http://127.0.0.1:8080
       :                ^^^^^^^^^^|^^^^^^^^^^
       :                          `-- not https: a secret would travel in the clear
       `----
      help: write `https://HOST`; unlike an endpoint, an authority is never plain
            http, not even on this machine
    ");
    for authority in [
        "login.example",
        "https://me@login.example",
        "https://login.example/tenant",
        "https://login.example?x",
        "ftp://login.example",
    ] {
        let text = library(&format!("authority: '{authority}'"));
        assert_eq!(ids(&text), ["bad_authority"], "{authority}");
    }
}

#[test]
fn a_client_id_is_a_guid_and_what_is_none_is_not_repeated_in_the_message() {
    insta::assert_snapshot!(bad(library("client_id: jumpbag")), @"
    jumpbag::manifest::bad_client_id

      x `client_id` is no client id
       ,-[jumpbag.yaml:4:16]
     3 |   contoso:
     4 |     client_id: jumpbag
       :                ^^^|^^^
       :                   `-- not a GUID
       `----
      help: write the application id from the app registration's overview page;
            secrets come from the environment
    ");
}

#[test]
fn a_scope_is_an_audience_with_its_ending() {
    for scope in [
        "/.default",
        "https://api.example",
        "a b/.default",
        "a;b/.default",
        "x/.default/",
    ] {
        let text = library(&format!("scope: '{scope}'"));
        assert_eq!(ids(&text), ["bad_scope"], "{scope}");
    }
    assert_eq!(ids(&library("ca_file: ../ca.pem")), ["parent_outside"]);
    assert_eq!(ids(&library("ca_file: /etc/ca.pem")), ["absolute_path"]);
}
