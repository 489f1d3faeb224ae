mod boto;
mod calls;
mod clock_and_entropy;
mod errors;
mod folders;
mod isolation;
mod pages;
mod support;
mod timing;

use super::{Answer, FunctionSource, HostError, Notice, Options, PythonHost, Start, Step};
