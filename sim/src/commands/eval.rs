//! `rehearsal eval`: one expression against one input, in any of the three query languages of a workflow.
//!
//! The input is the document (`$`), `$states.input` and `$$.Execution.Input`; variables come from a file. JSONata in
//! `{% … %}` is Step Functions' own, with its limits and without a context item; bare JSONata is the language itself.
//! Where AWS would fail, its error name and cause are printed.

use std::path::PathBuf;
use std::process::ExitCode;

use rehearsal_engine::json::Object;
use rehearsal_engine::query::jsonata::{Dialect, Expression, Host, JValue, from_jvalue, to_jvalue};
use rehearsal_engine::query::{Draws, Intrinsic, Path, Scope, Surroundings};
use rehearsal_engine::{Json, json};

use super::input::{InputArgs, read_json};
use super::{VIOLATED, print, tell, unusable};
use crate::lone;
use crate::world::Millis;

/// Evaluates one expression and prints the result as JSON.
#[derive(Debug, clap::Args)]
pub struct EvalArgs {
    #[command(flatten)]
    expression: ExpressionArgs,
    #[command(flatten)]
    input: InputArgs,
    /// A file with an object of variables, for `$name`
    #[arg(long, value_name = "FILE")]
    variables_file: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct ExpressionArgs {
    /// A path such as '$.items[*].price'
    #[arg(long, value_name = "PATH", allow_hyphen_values = true)]
    jsonpath: Option<String>,
    /// An expression such as '{% $sum($states.input.items.price) %}'
    #[arg(long, value_name = "EXPRESSION", allow_hyphen_values = true)]
    jsonata: Option<String>,
    /// A call such as "States.Format('order {}', $.id)"
    #[arg(long, value_name = "CALL", allow_hyphen_values = true)]
    intrinsic: Option<String>,
}

/// Why an expression has no value, as AWS names it.
struct Failed {
    error: &'static str,
    cause: String,
}

/// Exit code 0 with the result, 1 where AWS would fail, 2 when the input is unusable.
pub fn eval(args: &EvalArgs) -> ExitCode {
    let read = || -> Result<(Json, Json), String> {
        let (_, input) = args.input.read()?;
        let Some(file) = &args.variables_file else { return Ok((input, Json::object())) };
        match read_json(file)? {
            variables @ Json::Object(_) => Ok((input, variables)),
            other => Err(format!("{}: expected an object, found {}", file.display(), other.kind())),
        }
    };
    let (input, variables) = match read() {
        Ok(read) => read,
        Err(message) => return unusable(&message),
    };
    let around = Around { input, variables };
    let ExpressionArgs { jsonpath, jsonata, intrinsic } = &args.expression;
    let result = match (jsonpath, jsonata, intrinsic) {
        (Some(path), _, _) => around.jsonpath(path),
        (_, Some(expression), _) => around.jsonata(expression),
        (_, _, Some(call)) => around.intrinsic(call),
        (None, None, None) => return unusable("expected one of --jsonpath, --jsonata and --intrinsic"),
    };
    match result {
        Ok(value) => {
            print(&format!("{value}\n"));
            ExitCode::SUCCESS
        }
        Err(Failed { error, cause }) => {
            tell(&format!("error: {error}\ncause: {cause}\n"));
            ExitCode::from(VIOLATED)
        }
    }
}

/// What an expression can reach.
struct Around {
    input: Json,
    variables: Json,
}

impl Around {
    fn jsonpath(&self, text: &str) -> Result<Json, Failed> {
        let trimmed = text.trim_start();
        // `$$.` and variables are AWS's own; all else is read as Jayway's library reads it.
        let is_of_aws = trimmed.strip_prefix('$').is_some_and(|rest| {
            rest.starts_with("$.") || rest.starts_with(|first: char| first == '_' || first.is_alphabetic())
        });
        let path = if is_of_aws { Path::parse(text) } else { Path::parse_jayway(text) };
        let path = path.map_err(|error| refused("SCHEMA_VALIDATION_FAILED", error))?;
        let scope = Scope { root: &self.input, surroundings: self };
        path.read(&scope).map_err(|error| runtime(format!("Invalid path '{text}' : {error}")))
    }

    fn intrinsic(&self, text: &str) -> Result<Json, Failed> {
        let call = Intrinsic::parse(text).map_err(|error| refused("SCHEMA_VALIDATION_FAILED", error))?;
        let scope = Scope { root: &self.input, surroundings: self };
        call.evaluate(&scope, &mut Chance::default()).map_err(|error| runtime(error.to_string()))
    }

    fn jsonata(&self, text: &str) -> Result<Json, Failed> {
        let of_aws = text.strip_prefix("{%").and_then(|rest| rest.strip_suffix("%}")).map(str::trim);
        let (source, dialect) = of_aws.map_or((text, Dialect::Plain), |source| (source, Dialect::Aws));
        let expression = Expression::compile(source, dialect)
            .map_err(|error| refused("INVALID_JSONATA_EXPRESSION", error.message()))?;
        if dialect == Dialect::Aws
            && let Some(name) = expression.analysis().top_level_names().first()
        {
            let cause = format!("Reference to '{name}' at the top level is not supported.");
            return Err(refused("UNSUPPORTED_JSONATA_EXPRESSION", cause));
        }
        let states = json!({"input": self.input, "context": self.context(None)});
        let mut bindings = vec![("states", to_jvalue(&states))];
        let variables = self.variables.as_object().into_iter().flat_map(Object::iter);
        bindings.extend(variables.map(|(name, value)| (&**name, to_jvalue(value))));
        let reads = expression.analysis().variables();
        bindings.retain(|(name, _)| reads.iter().any(|read| read == name));
        // A bare `null` says that there is no input.
        let is_without = dialect == Dialect::Aws || self.input.is_null();
        let root = if is_without { JValue::Undefined } else { to_jvalue(&self.input) };
        let failed = |problem: String| Failed {
            error: "States.QueryEvaluationError",
            cause: format!("The JSONata expression '{source}' {problem}"),
        };
        let value = expression
            .evaluate(&root, &bindings, &mut Chance::default())
            .map_err(|error| failed(format!("threw an error during evaluation. {}", error.message())))?;
        match from_jvalue(&value) {
            Ok(Some(value)) => Ok(value),
            Ok(None) => Err(failed("returned nothing (undefined).".to_owned())),
            Err(_) => Err(failed("returned an unsupported result type.".to_owned())),
        }
    }
}

impl Surroundings for Around {
    fn context(&self, _: Option<&str>) -> Json {
        json!({"Execution": {"Input": self.input}})
    }

    fn variable(&self, name: &str) -> Option<Json> {
        self.variables.get(name).cloned()
    }
}

/// AWS refuses such a text when the state machine is created.
fn refused(error: &'static str, cause: impl ToString) -> Failed {
    Failed { error, cause: cause.to_string() }
}

fn runtime(cause: String) -> Failed {
    Failed { error: "States.Runtime", cause }
}

/// The same draws every time, and the time at which all runs start.
#[derive(Default)]
struct Chance {
    drawn: u64,
}

impl Chance {
    fn next(&mut self) -> [u64; 2] {
        self.drawn += 1;
        lone::key(0, &self.drawn)
    }
}

impl Draws for Chance {
    fn uuid(&mut self) -> String {
        lone::uuid(self.next())
    }

    fn random(&mut self) -> f64 {
        lone::unit(self.next())
    }
}

impl Host for Chance {
    fn now_ms(&mut self) -> i64 {
        i64::try_from(Millis::START.0).unwrap_or(i64::MAX)
    }

    fn random(&mut self) -> f64 {
        Draws::random(self)
    }

    fn uuid(&mut self) -> String {
        Draws::uuid(self)
    }
}
