//! How hosts are shown who asks, and that nobody else ever sees it.

mod support;

use std::os::unix::fs::PermissionsExt as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fetch::{Access, AccessKind, Address, Client, FetchError, Fetched, Secrets, Wanted, providers};
use support::{Asked, FakeClock, Host, Wish, answer, content, file};

const SECRET: &str = "hunter2-0f9a";

/// Brings a file to a folder that is gone afterwards.
fn bring(client: &Client, address: &Address) -> Result<Fetched, FetchError> {
    let folder = tempfile::tempdir().expect("a folder");
    let (target, work) = (folder.path().join("a"), folder.path().join(".work"));
    let limit = 1 << 20;
    let wanted = Wanted { address, collection: Some("s2 l2a"), target: &target, work: &work, size: None, checksum: None, limit };
    client.download(&wanted, &|_| ())
}

fn environment(names: &[&str]) -> Secrets {
    Secrets::default().with_environment(names.iter().map(|name| ((*name).to_owned(), SECRET.to_owned())))
}

fn access(kind: AccessKind) -> Vec<Access> {
    vec![Access { hosts: vec!["127.0.0.1".to_owned()], kind }]
}

fn bearer() -> AccessKind {
    AccessKind::Bearer { token: "TOKEN".to_owned() }
}

fn good(asked: &Asked) -> support::Pieces {
    file(asked, &content(1000), "\"a\"", usize::MAX)
}

#[test]
fn a_bearer_token_is_shown_to_its_host() {
    let host = Host::new(|asked, _| good(asked));
    let client = Wish { access: access(bearer()), secrets: environment(&["TOKEN"]), ..Wish::default() }.client();
    bring(&client, &host.at("/a")).expect("fetched");
    assert_eq!(host.asked()[0].header("authorization"), Some(format!("Bearer {SECRET}").as_str()));
}

#[test]
fn user_and_password_come_from_netrc() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("netrc");
    std::fs::write(&path, "machine 127.0.0.1 login foo password bar\n").expect("written");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("a mode");
    let secrets = Secrets::default().with_netrc(&path).expect("a netrc");
    let host = Host::new(|asked, _| good(asked));
    let kind = AccessKind::Basic { user: "USER".to_owned(), password: "PASSWORD".to_owned() };
    bring(&Wish { access: access(kind), secrets, ..Wish::default() }.client(), &host.at("/a")).expect("fetched");
    // RFC 4648 of `foo:bar`.
    assert_eq!(host.asked()[0].header("authorization"), Some("Basic Zm9vOmJhcg=="));
}

#[test]
fn a_redirect_takes_no_secret_along() {
    let other = Host::new(|asked, _| good(asked));
    let port = other.port;
    let host = Host::new(move |_, _| answer("302 Found", &[("location", &format!("http://localhost:{port}/a"))], b""));
    let wish = Wish { access: access(bearer()), secrets: environment(&["TOKEN"]), ..Wish::default() };
    bring(&Wish { hosts: vec!["127.0.0.1", "localhost"], ..wish }.client(), &host.at("/a")).expect("fetched");
    assert!(host.asked()[0].header("authorization").is_some());
    let head = &other.asked()[0].head;
    assert!(!head.contains("authorization") && !head.contains(SECRET), "{head}");
}

#[test]
fn a_secret_that_is_nowhere_is_named_before_anything_is_asked() {
    let host = Host::new(|asked, _| good(asked));
    let error = bring(&Wish { access: access(bearer()), ..Wish::default() }.client(), &host.at("/a")).expect_err("no secret");
    assert!(matches!(&error, FetchError::NoSecret { name, .. } if name == "TOKEN"), "{error}");
    assert!(host.asked().is_empty());
}

#[test]
fn a_secret_does_not_travel_in_the_open() {
    let access = vec![Access { hosts: vec!["data.invalid".to_owned()], kind: bearer() }];
    let wish = Wish { access, secrets: environment(&["TOKEN"]), hosts: vec!["data.invalid"], ..Wish::default() };
    let address = Address::parse("http://data.invalid/a").expect("an address");
    assert!(matches!(bring(&wish.client(), &address), Err(FetchError::InTheOpen { .. })));
}

fn oauth(host: &Host) -> AccessKind {
    AccessKind::Oauth2 {
        token: host.at("/token").to_string(),
        client: None,
        client_id: Some("CLIENT".to_owned()),
        client_secret: Some("CLIENT_SECRET".to_owned()),
        user: None,
        password: None,
        scope: Some("read all".to_owned()),
    }
}

/// A host that gives tokens `t1`, `t2`.. of a quarter of an hour.
fn tokens() -> Host {
    Host::new(|_, count| {
        let body = format!("{{\"access_token\":\"t{count}-{SECRET}\",\"expires_in\":900,\"token_type\":\"Bearer\"}}");
        answer("200 OK", &[], body.as_bytes())
    })
}

#[test]
fn a_client_gets_a_token_keeps_it_while_it_lasts_and_gets_another_one() {
    let (tokens, host, clock) = (tokens(), Host::new(|asked, _| good(asked)), FakeClock::at(1_000_000));
    let secrets = environment(&["CLIENT", "CLIENT_SECRET"]);
    let client = Wish { access: access(oauth(&tokens)), secrets, clock: clock.clone(), ..Wish::default() }.client();
    for moment in [1_000_000, 1_000_800, 1_000_900] {
        clock.set(moment);
        bring(&client, &host.at("/a")).expect("fetched");
    }
    let shown: Vec<String> =
        host.asked().iter().map(|asked| asked.header("authorization").expect("a token").to_owned()).collect();
    assert_eq!(shown, ["t1", "t1", "t2"].map(|token| format!("Bearer {token}-{SECRET}")));
    let asked = &tokens.asked()[0];
    assert_eq!((tokens.asked().len(), asked.method.as_str()), (2, "POST"));
    assert_eq!(asked.body, format!("grant_type=client_credentials&client_id={SECRET}&client_secret={SECRET}&scope=read+all"));
}

#[test]
fn a_token_that_is_no_longer_taken_is_replaced_once() {
    let tokens = tokens();
    let host = Host::new(|asked, _| {
        if asked.header("authorization").is_some_and(|token| token.contains("t1-")) {
            answer("401 No", &[], b"")
        } else {
            good(asked)
        }
    });
    let secrets = || environment(&["CLIENT", "CLIENT_SECRET"]);
    let client = Wish { access: access(oauth(&tokens)), secrets: secrets(), ..Wish::default() }.client();
    bring(&client, &host.at("/a")).expect("fetched");
    assert_eq!((tokens.asked().len(), host.asked().len()), (2, 2));

    let stubborn = Host::new(|_, _| answer("401 No", &[], b""));
    let client = Wish { access: access(oauth(&tokens)), secrets: secrets(), ..Wish::default() }.client();
    assert!(matches!(bring(&client, &stubborn.at("/a")), Err(FetchError::Status { status: 401, .. })));
    assert_eq!(stubborn.asked().len(), 2);
}

#[test]
fn what_a_token_host_says_of_a_refusal_is_not_repeated() {
    for body in [format!("{{\"error\":\"{SECRET} is wrong\"}}"), SECRET.to_owned()] {
        for status in ["400 Bad Request", "200 OK"] {
            let body = body.clone();
            let tokens = Host::new(move |_, _| answer(status, &[], body.as_bytes()));
            let host = Host::new(|asked, _| good(asked));
            let secrets = environment(&["CLIENT", "CLIENT_SECRET"]);
            let error = bring(&Wish { access: access(oauth(&tokens)), secrets, ..Wish::default() }.client(), &host.at("/a"));
            let error = error.expect_err("refused");
            assert!(!format!("{error} {error:?}").contains(SECRET), "{error}");
        }
    }
}

#[test]
fn a_host_that_signs_addresses_is_asked_once_for_a_collection() {
    let signer = Host::new(|_, _| {
        let body = format!("{{\"token\":\"sv=1&sig={SECRET}%3D\",\"msft:expiry\":\"1970-01-12T14:46:40Z\"}}");
        answer("200 OK", &[], body.as_bytes())
    });
    let (host, clock) = (Host::new(|asked, _| good(asked)), FakeClock::at(1_000_000));
    let kind = AccessKind::Signed { token: format!("http://127.0.0.1:{}/sas/v1/token/{{collection}}", signer.port) };
    let client = Wish { access: access(kind), clock: clock.clone(), ..Wish::default() }.client();
    bring(&client, &host.at("/a.tif")).expect("fetched");
    bring(&client, &host.at("/b.tif?comp=x")).expect("fetched");
    clock.set(1_003_600);
    bring(&client, &host.at("/c.tif")).expect("fetched");
    let targets: Vec<String> = host.asked().into_iter().map(|asked| asked.target).collect();
    let query = format!("sv=1&sig={SECRET}%3D");
    assert_eq!(targets, [format!("/a.tif?{query}"), format!("/b.tif?comp=x&{query}"), format!("/c.tif?{query}")]);
    let asked: Vec<String> = signer.asked().into_iter().map(|asked| asked.target).collect();
    assert_eq!(asked, ["/sas/v1/token/s2+l2a", "/sas/v1/token/s2+l2a"]);
}

#[test]
fn requests_to_a_bucket_are_signed_for_what_is_really_asked() {
    let bytes = content(1000);
    let host = Host::new(move |asked, count| file(asked, &bytes, "\"a\"", if count == 1 { 400 } else { usize::MAX }));
    let kind = AccessKind::S3 {
        key: "KEY".to_owned(),
        secret: "SECRET".to_owned(),
        session: Some("SESSION".to_owned()),
        region: "eu-central-1".to_owned(),
        buckets: [("b".to_owned(), host.at("/b").to_string())].into(),
        requester_pays: true,
    };
    let secrets = Secrets::default().with_environment(
        [("KEY", "AKID"), ("SECRET", SECRET), ("SESSION", "of-a-session")].map(|(n, v)| (n.to_owned(), v.to_owned())),
    );
    let client = Wish { access: access(kind), secrets, clock: FakeClock::at(1_369_353_600), ..Wish::default() }.client();
    bring(&client, &host.at("/b/S2A/a%20b.jp2")).expect("fetched");
    let [first, second] = &host.asked()[..] else { panic!("two requests") };
    let signature = |asked: &Asked| asked.header("authorization").expect("a signature").to_owned();
    let head = "AWS4-HMAC-SHA256 Credential=AKID/20130524/eu-central-1/s3/aws4_request,SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-request-payer;x-amz-security-token,Signature=";
    assert!(signature(first).starts_with(head), "{}", signature(first));
    assert!(signature(second).contains("SignedHeaders=host;if-range;range;x-amz-"), "{}", signature(second));
    assert_ne!(signature(first), signature(second));
    assert_eq!(second.header("x-amz-request-payer"), Some("requester"));
    assert!(!host.asked().iter().any(|asked| asked.head.contains(SECRET)), "the secret key itself is never sent");
}

#[test]
fn a_bucket_is_listed_page_by_page() {
    let host = Host::new(|asked, _| {
        let object = |key: &str| format!("<Contents><Key>{key}</Key><Size>7</Size></Contents>");
        let body = if asked.target.contains("continuation-token=n%2F1") {
            format!("<ListBucketResult>{}</ListBucketResult>", object("p/c"))
        } else {
            format!(
                "<ListBucketResult><NextContinuationToken>n/1</NextContinuationToken>{}{}</ListBucketResult>",
                object("p/"),
                object("p/a")
            )
        };
        answer("200 OK", &[], body.as_bytes())
    });
    let keys: Vec<String> =
        Wish::default().client().list(&host.at("/b"), "p/").expect("a list").into_iter().map(|o| o.key).collect();
    assert_eq!(keys, ["p/a", "p/c"]);
    assert!(host.asked()[0].target.ends_with("?list-type=2&prefix=p%2F"), "{}", host.asked()[0].target);
    let other = Host::new(|_, _| {
        answer("200 OK", &[], b"<ListBucketResult><Contents><Key>../x</Key><Size>1</Size></Contents></ListBucketResult>")
    });
    assert!(Wish::default().client().list(&other.at("/b"), "p/").is_err());
}

#[test]
fn hosts_that_break_when_tokens_are_asked_for_are_tried_again() {
    let tokens =
        Host::new(
            |_, count| {
                if count == 1 { answer("503 Busy", &[], b"") } else { answer("200 OK", &[], b"{\"access_token\":\"t\"}") }
            },
        );
    let host = Host::new(|asked, _| good(asked));
    let wish = Wish { access: access(oauth(&tokens)), secrets: environment(&["CLIENT", "CLIENT_SECRET"]), ..Wish::default() };
    bring(&wish.client(), &host.at("/a")).expect("fetched");
    assert_eq!(tokens.asked().len(), 2);
}

#[test]
fn the_records_of_the_program_send_nothing_to_hosts_that_they_do_not_name() {
    let host = Host::new(|asked, _| good(asked));
    let all: Vec<Access> = providers().into_iter().flat_map(|provider| provider.access).collect();
    bring(&Wish { access: all, ..Wish::default() }.client(), &host.at("/a")).expect("fetched");
    assert!(host.asked()[0].header("authorization").is_none());
}

#[test]
fn a_name_that_nobody_knows_is_tried_twice() {
    let wish = Wish { hosts: vec!["data.invalid"], ..Wish::default() };
    let error = bring(&wish.client(), &Address::parse("https://data.invalid/a").expect("an address")).expect_err("unknown");
    assert!(matches!(error, FetchError::Network { attempts: 2, .. }), "{error}");
}

#[test]
fn threads_that_need_a_token_at_once_share_one() {
    let given = Arc::new(Mutex::new(0));
    let tokens = Host::new({
        let given = Arc::clone(&given);
        move |_, _| {
            *given.lock().expect("a count") += 1;
            std::thread::sleep(Duration::from_millis(50));
            answer("200 OK", &[], b"{\"access_token\":\"t\",\"expires_in\":900}")
        }
    });
    let host = Host::new(|asked, _| good(asked));
    let wish = Wish { access: access(oauth(&tokens)), secrets: environment(&["CLIENT", "CLIENT_SECRET"]), ..Wish::default() };
    let client = wish.client();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| bring(&client, &host.at("/a")).expect("fetched"));
        }
    });
    assert_eq!(*given.lock().expect("a count"), 1);
}
