//! The program `oversub`: all of it is in the library.

fn main() -> std::process::ExitCode {
    oversub::cli::main()
}
