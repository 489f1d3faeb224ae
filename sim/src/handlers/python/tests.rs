mod boto;
mod calls;
mod clock_and_entropy;
mod errors;
mod isolation;
mod support;
mod timing;

use super::{Answer, FunctionSource, HostError, Notice, Options, PythonHost, Start, Step};
