//! The program as a user meets it: what each command prints, where, and with what exit status.

mod check;
mod compare;
mod endings;
mod ensemble;
mod feedback;
mod package;
mod page;
mod panel;
mod shards;
mod steps;
mod stiff;

use std::process::{Command, Output};

/// Runs `levada` in the repository's folder.
fn levada(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_levada"))
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("the program starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("the program prints UTF-8")
}
