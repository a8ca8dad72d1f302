//! Floor 4, native: the command line, real sockets, real files.

use std::process::ExitCode;

/// The `tidepool` command line.
pub fn main() -> ExitCode {
    ExitCode::SUCCESS
}
