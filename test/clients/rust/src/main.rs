//! Connects by native-tls: `connect HOW PORT CA CERTIFICATE KEY`, and prints `connected`, or the error and its causes, in
//! one line; and once more for each line that it reads.

use std::error::Error;
use std::fs::read;

use native_tls::{Certificate, Identity, TlsConnector};
use postgres_native_tls::MakeTlsConnector;

type Answer<T> = Result<T, Box<dyn Error>>;

/// Of the bundle: all of it, or as `from_pem` takes it, the first certificate alone.
fn authorities(how: &str, pem: &[u8]) -> Answer<Vec<Certificate>> {
    Ok(match how {
        "first" => vec![Certificate::from_pem(pem)?],
        _ => Certificate::stack_from_pem(pem)?,
    })
}

/// What is made once, and connects again and again.
fn connector(how: &str, ca: &str, certificate: &str, key: &str) -> Answer<MakeTlsConnector> {
    let mut tls = TlsConnector::builder();
    for authority in authorities(how, &read(ca)?)? {
        tls.add_root_certificate(authority);
    }
    tls.identity(Identity::from_pkcs8(&read(certificate)?, &read(key)?)?);
    // The certificate of an instance has no host name.
    tls.danger_accept_invalid_hostnames(true);
    Ok(MakeTlsConnector::new(tls.build()?))
}

fn connect(port: &str, tls: &MakeTlsConnector) -> Answer<String> {
    let url = format!("host=127.0.0.1 port={port} user=app dbname=postgres sslmode=require");
    let mut client = postgres::Client::connect(&url, tls.clone())?;
    Ok(client.query_one("select 'connected'", &[])?.get(0))
}

fn said(answer: Answer<String>) -> String {
    let error = match answer {
        Ok(text) => return text,
        Err(error) => error,
    };
    let mut causes = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(one) = cause {
        causes.push(one.to_string());
        cause = one.source();
    }
    causes.join(" <- ").replace('\n', " ")
}

fn main() -> Answer<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [how, port, ca, certificate, key] = arguments.as_slice() else {
        return Err("five arguments are needed".into());
    };
    let tls = match connector(how, ca, certificate, key) {
        Ok(tls) => tls,
        Err(error) => {
            println!("{}", said(Err(error)));
            return Ok(());
        }
    };
    println!("{}", said(connect(port, &tls)));
    for _line in std::io::stdin().lines() {
        println!("{}", said(connect(port, &tls)));
    }
    Ok(())
}
