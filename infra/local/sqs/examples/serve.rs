//! Serves one file to SDK clients: `cargo run -p local-sqs --example serve -- PORT DBFILE [PIDFILE]`.

use std::env;
use std::error::Error;
use std::net::Ipv4Addr;
use std::path::Path;

use local_sqs::{Clock, Engine, router};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let (Some(port), Some(file)) = (arguments.next(), arguments.next()) else {
        return Err("usage: serve PORT DBFILE [PIDFILE]".into());
    };
    if let Some(pid_file) = arguments.next() {
        std::fs::write(pid_file, std::process::id().to_string())?;
    }
    let engine = Engine::open(Path::new(&file), Clock::system())?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port.parse()?)).await?;
    Ok(axum::serve(listener, router(engine)).await?)
}
