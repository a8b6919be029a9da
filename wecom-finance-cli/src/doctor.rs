//! stub
use crate::args::{CommonArgs, DoctorArgs};
use crate::failure::{Exit, Failure};
use crate::output::Output;
pub(crate) fn run(_common: &CommonArgs, _args: &DoctorArgs, _output: &mut Output) -> Result<Exit, Failure> {
    Ok(Exit::Success)
}
