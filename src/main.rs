//! The `levada` program.

fn main() -> std::process::ExitCode {
    levada::cli::main()
}
