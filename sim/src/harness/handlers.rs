use rehearsal_engine::query::jsonata::{Host as Lends, to_jvalue};

use super::value::{self, CompiledValue, Scope};
use super::{Handlers, Harness};
use crate::diagnostics::{Place, Problem};
use crate::handlers::mock::{Answer, Mock, MockHost, MockOutcome};
use crate::handlers::python::{FunctionSource, Options, PythonHost};
use crate::handlers::{Host, HostError, NativeHost, PythonHandlers, Signature, Start};
use crate::scenario::{self, CodeFiles, Loaded};
use crate::services::stepfunctions::{TaskAnswer, TaskMock};
use crate::template::stack::{self, Code};
use crate::world::{mix, uuid};
use rehearsal_engine::source::Diagnostic;

/// What runs the functions of a scenario: its mocks, and for the others the template's Python or native Rust.
pub(super) fn host(harness: &Harness, options: &Options) -> Result<Box<dyn Host>, HostError> {
    let loaded = &harness.loaded;
    let functions = &loaded.stack.functions;
    let mocks: Vec<Option<Mock>> = functions.iter().map(|function| mock(loaded, function)).collect::<Result<_, _>>()?;
    let others: Vec<&stack::Function> =
        functions.iter().zip(&mocks).filter(|(_, mock)| mock.is_none()).map(|(function, _)| function).collect();
    let behind: Option<Box<dyn Host>> = match &harness.handlers {
        _ if others.is_empty() => None,
        Handlers::Native(registry) => {
            let names = others.iter().map(|function| &*function.identity.label);
            Some(Box::new(NativeHost::new(names, &registry())))
        }
        Handlers::Python => Some(Box::new(python(loaded, &others, options)?)),
    };
    Ok(match behind {
        Some(behind) if others.len() == functions.len() => behind,
        behind => Box::new(MockHost::new(mocks, behind)),
    })
}

fn python(loaded: &Loaded, functions: &[&stack::Function], options: &Options) -> Result<PythonHandlers, HostError> {
    let mut sources = Vec::new();
    let mut signatures = Vec::new();
    for function in functions {
        let source = source(loaded, function).map_err(|(message, hint)| HostError(format!("{message}; {hint}")))?;
        let variables = function.environment.iter().map(|(name, value)| (name.to_string(), value.to_string()));
        let source = with_layers(loaded, function, source);
        sources.push(FunctionSource { environment: variables.collect(), ..source });
        signatures.push(Signature { arn: function.identity.arn.clone(), memory_mb: function.memory_mb });
    }
    let host = PythonHost::spawn_with(&sources, options).map_err(|error| HostError(error.to_string()))?;
    Ok(PythonHandlers::new(host, signatures))
}

/// A function's Python with what its layers have.
fn with_layers(loaded: &Loaded, function: &stack::Function, source: FunctionSource) -> FunctionSource {
    let layers =
        function.layers.iter().filter_map(|arn| loaded.stack.layers.iter().find(|layer| layer.identity.arn == *arn));
    let folders = layers.filter_map(|layer| match &layer.content {
        Code::Local(path) => loaded.code.get(path)?.as_ref().ok(),
        Code::Inline { .. } | Code::Elsewhere(_) => None,
    });
    folders.fold(source, |source, files| source.layer(&as_unpacked(files)))
}

/// The files of a layer as they lie below `/opt`. `sam build` makes the folder `python` where the source has none.
fn as_unpacked(files: &CodeFiles) -> CodeFiles {
    if files.keys().any(|path| path.starts_with("python/")) {
        return files.clone();
    }
    files.iter().map(|(path, text)| (format!("python/{path}"), text.clone())).collect()
}

/// Warns of layers that have nothing that could be run: an import of what they have fails.
pub(super) fn check_layers(loaded: &Loaded, problems: &mut Vec<Problem>) {
    for function in loaded.stack.functions.iter().filter(|function| mock_of(loaded, function).is_none()) {
        for arn in &function.layers {
            let known = loaded.stack.layers.iter().find(|layer| layer.identity.arn == *arn);
            let reason = match known.map(|layer| &layer.content) {
                None => "it is not in the template".to_owned(),
                Some(Code::Elsewhere(place)) => format!("it is at {place}, not beside the template"),
                Some(Code::Inline { .. }) => continue,
                Some(Code::Local(path)) => match loaded.code.get(path) {
                    Some(Err(reason)) => format!("'{path}' cannot be run: {reason}"),
                    Some(Ok(_)) | None => continue,
                },
            };
            let Place { source, span } = function.identity.place;
            let path = format!("/Resources/{}/Properties/Layers", function.identity.logical_id);
            let message = format!("function '{}' has the layer {arn}, and {reason}", function.identity.name);
            let hint =
                "put the modules that it has into a folder, and name that as the content of a layer of the template";
            problems.push(Problem::new(source, Diagnostic::warning("no-layer", span, path, message).hint(hint)));
        }
    }
}

/// The Python of a function; the error says why it has none, and what to do.
fn source(loaded: &Loaded, function: &stack::Function) -> Result<FunctionSource, (String, String)> {
    let (name, handler) = (&function.identity.label, &function.handler);
    let mock = || format!("give it an answer under 'mocks:' in the scenario, for example {name}: {{result: {{}}}}");
    if !function.runtime.starts_with("python") {
        let message = format!("function '{name}' has the runtime '{}', and only Python runs here", function.runtime);
        return Err((message, mock()));
    }
    let path = match &function.code {
        Code::Inline { text, .. } => {
            return Ok(FunctionSource::inline(&function.identity.name, handler, text.to_shared()));
        }
        Code::Elsewhere(place) => {
            return Err((format!("the code of function '{name}' is at {place}, not beside the template"), mock()));
        }
        Code::Local(path) => path,
    };
    let files = match loaded.code.get(path) {
        Some(Ok(files)) => files,
        Some(Err(reason)) => {
            let hint = format!("name the folder that has its modules, or {}", mock());
            return Err((format!("the code of function '{name}' at '{path}' cannot be run: {reason}"), hint));
        }
        None => return Err((format!("the code of function '{name}' at '{path}' was not read"), mock())),
    };
    let module = handler.rsplit_once('.').map_or(&**handler, |(module, _)| module).replace('.', "/");
    let file =
        [format!("{module}.py"), format!("{module}/__init__.py")].into_iter().find(|file| files.contains_key(file));
    let Some(file) = file else {
        let message =
            format!("the handler '{handler}' of function '{name}' is in {module}.py, which '{path}' does not have");
        return Err((message, "write 'Handler' as the module's path in the folder and the function's name".to_owned()));
    };
    Ok(FunctionSource::folder(&function.identity.name, handler, &file, files))
}

/// Finds the functions that would have nothing to run them by `Handlers::Python`.
pub(super) fn check_python(loaded: &Loaded, problems: &mut Vec<Problem>) {
    for function in &loaded.stack.functions {
        if mock_of(loaded, function).is_some() {
            continue;
        }
        if let Err((message, hint)) = source(loaded, function) {
            let Place { source, span } = function.identity.place;
            let path = format!("/Resources/{}", function.identity.logical_id);
            problems.push(Problem::new(source, Diagnostic::error("no-handler", span, path, message).hint(hint)));
        }
    }
}

/// Finds every problem of the mocks' expressions.
pub(super) fn check_mocks(loaded: &Loaded, problems: &mut Vec<Problem>) {
    const SCOPE: Scope = Scope { functions: &[], variables: &[EVENT] };
    for mock in &loaded.scenario.mocks {
        let path = format!("/mocks/{}", mock.function);
        if mock.outcomes.is_empty() {
            let message = format!("the mock of '{}' has no answer", mock.function);
            let diagnostic = Diagnostic::error("invalid-mock", mock.place.span, path.clone(), message);
            problems.push(Problem::new(mock.place.source, diagnostic.hint("for example {result: {}}")));
        }
        for outcome in &mock.outcomes {
            match outcome {
                scenario::MockOutcome::Result(result) => value::check(result, &path, &SCOPE, problems),
                scenario::MockOutcome::Error { error, cause } => {
                    value::check(error, &path, &SCOPE, problems);
                    value::check(cause, &path, &SCOPE, problems);
                }
            }
        }
    }
}

/// The name by which a mock's expressions know the payload.
const EVENT: &str = "event";

fn mock_of<'l>(loaded: &'l Loaded, function: &stack::Function) -> Option<&'l scenario::Mock> {
    loaded.scenario.mocks.iter().find(|mock| mock.function == function.identity.name)
}

fn mock(loaded: &Loaded, function: &stack::Function) -> Result<Option<Mock>, HostError> {
    let Some(written) = mock_of(loaded, function) else { return Ok(None) };
    let answers = written.outcomes.iter().map(answer).collect::<Result<_, _>>()?;
    Ok(Some(Mock { function: written.function.clone(), answers }))
}

fn answer(outcome: &scenario::MockOutcome) -> Result<Answer, HostError> {
    Ok(match outcome {
        scenario::MockOutcome::Result(result) => {
            let result = CompiledValue::compile(result)?;
            Box::new(move |start| {
                let event = [(EVENT, to_jvalue(start.event))];
                Ok(MockOutcome::Returned(result.evaluate(&event, &mut Lent::to(start))?))
            })
        }
        scenario::MockOutcome::Error { error, cause } => {
            let (error, cause) = (CompiledValue::compile(error)?, CompiledValue::compile(cause)?);
            Box::new(move |start| {
                let event = [(EVENT, to_jvalue(start.event))];
                let mut lent = Lent::to(start);
                Ok(MockOutcome::Raised { error: error.text(&event, &mut lent)?, cause: cause.text(&event, &mut lent)? })
            })
        }
    })
}

/// The mocks of what tasks call besides functions, by their resource.
pub(super) fn mocked_resources(loaded: &Loaded) -> impl Iterator<Item = &scenario::Mock> {
    loaded.scenario.mocks.iter().filter(|mock| mock.function.contains(":states:"))
}

/// The same, compiled for this thread.
pub(super) fn task_mocks(loaded: &Loaded) -> Result<Vec<TaskMock>, HostError> {
    let compiled = mocked_resources(loaded).map(|written| {
        let answers = written.outcomes.iter().map(task_answer).collect::<Result<_, _>>()?;
        Ok(TaskMock::new(written.function.clone(), answers))
    });
    compiled.collect()
}

fn task_answer(outcome: &scenario::MockOutcome) -> Result<TaskAnswer, HostError> {
    Ok(match outcome {
        scenario::MockOutcome::Result(result) => {
            let result = CompiledValue::compile(result)?;
            Box::new(move |parameters, now, entropy| {
                let mut lent = Lent { now_ms: now.0, entropy, drawn: 0 };
                Ok(MockOutcome::Returned(result.evaluate(&[(EVENT, to_jvalue(parameters))], &mut lent)?))
            })
        }
        scenario::MockOutcome::Error { error, cause } => {
            let (error, cause) = (CompiledValue::compile(error)?, CompiledValue::compile(cause)?);
            Box::new(move |parameters, now, entropy| {
                let event = [(EVENT, to_jvalue(parameters))];
                let mut lent = Lent { now_ms: now.0, entropy, drawn: 0 };
                Ok(MockOutcome::Raised { error: error.text(&event, &mut lent)?, cause: cause.text(&event, &mut lent)? })
            })
        }
    })
}

/// The time and entropy of one mocked invocation.
struct Lent {
    now_ms: u64,
    entropy: u64,
    drawn: u64,
}

impl Lent {
    fn to(start: &Start<'_>) -> Lent {
        Lent { now_ms: start.now.0, entropy: start.entropy, drawn: 0 }
    }

    fn next(&mut self) -> u64 {
        self.drawn += 1;
        mix(self.entropy, self.drawn)
    }
}

impl Lends for Lent {
    fn now_ms(&mut self) -> i64 {
        self.now_ms as i64
    }

    fn random(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn uuid(&mut self) -> String {
        uuid(self.next(), self.next()).to_string()
    }
}
