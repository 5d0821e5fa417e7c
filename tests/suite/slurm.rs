//! A plan on a real Slurm of two nodes, where it is installed: `tests/slurm/run` brings it up and compares bytes. Its longer
//! cases (time limit, dead node, dead controller) are run by hand: `tests/slurm/run PROGRAM all`.

use std::process::Command;

#[test]
fn an_array_and_its_merge_on_two_nodes_give_the_bytes_of_the_run_by_itself() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/slurm/run");
    let done =
        Command::new("bash").args([script, env!("CARGO_BIN_EXE_levada"), "quick"]).env("MEMBERS", "500").output();
    let Ok(done) = done else {
        println!("skipped: there is no bash");
        return;
    };
    let said = format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    match done.status.code() {
        Some(77) => println!("{}", said.lines().find(|line| line.starts_with("skipped")).unwrap_or("skipped")),
        code => assert!(code == Some(0) && said.contains("ok: array"), "{said}"),
    }
}
