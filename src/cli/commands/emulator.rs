//! `emulator`: the API on this machine, until it is interrupted.

use crate::cli::Context;
use crate::cli::args::{EmulatorArgs, EmulatorTls};
use crate::cli::error::Error;
use crate::cli::exit::{Exit, Failure};
use crate::cli::stop::Stop;

pub(in crate::cli) async fn run(context: &Context, args: EmulatorArgs) -> Result<Exit, Failure> {
    let defaults = jumpbag_emulator::Settings::default();
    let limits = if args.no_limit {
        Vec::new()
    } else if args.limit.is_empty() {
        defaults.limits
    } else {
        args.limit
    };
    let stop = Stop::listen_and_say(
        context.output,
        "\nStopping: calls under way are answered. Interrupt again to stop now.",
    )?;
    let emulator = jumpbag_emulator::start(jumpbag_emulator::Settings {
        listen: args.listen,
        data: args.data,
        limits,
        max_file_size: args.max_file_size,
        faults: args.fault,
        tls: args.tls.map(tls),
        entra: args.entra,
    })
    .await
    .map_err(Error::EmulatorCommand)?;
    context
        .output
        .result(&format!("listening on {}\n", emulator.url()))?;
    if let Some(ca) = emulator.ca() {
        let line = format!("certificate authority: {}\n", ca.display());
        context.output.result(&line)?;
    }
    stop.soon.cancelled().await;
    tokio::select! {
        () = emulator.stop() => {}
        () = stop.now.cancelled() => {}
    }
    Ok(Exit::Done)
}

fn tls(tls: EmulatorTls) -> jumpbag_emulator::Tls {
    match tls {
        EmulatorTls::Valid => jumpbag_emulator::Tls::Valid,
        EmulatorTls::Expired => jumpbag_emulator::Tls::Expired,
        EmulatorTls::WrongHost => jumpbag_emulator::Tls::WrongHost,
    }
}
