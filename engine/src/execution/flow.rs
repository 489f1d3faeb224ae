//! Data flow: what a state takes of its input and makes of its result.

use super::context::{SiteDraws, View};
use super::failure::Failure;
use super::formula::Document;
use super::thread::ThreadId;
use super::{Env, Execution};
use crate::asl::{Computed, DataFlow, Formula, Place, Seconds, Select};
use crate::json::Json;
use crate::query::{Path, Scope};

/// What of a state is evaluated: each part draws its own chance.
#[derive(Clone, Copy, Debug)]
pub(super) enum Stage {
    Parameters,
    ResultSelector,
    Assign,
    Output,
    Catch,
    Condition,
    Number,
    Items,
    BatchInput,
    MapRun,
    ItemSelector,
    Credentials,
    Text,
    Jitter,
}

impl Stage {
    /// Draws of one stage are numbered from here; no template comes near a million of them.
    pub(super) fn first_occurrence(self) -> u32 {
        self as u32 * 1_000_000
    }
}

impl Execution {
    /// `InputPath`, then `Parameters`.
    pub(super) fn effective_input(
        &self,
        id: ThreadId,
        data: &DataFlow,
        view: View,
        env: &mut dyn Env,
    ) -> Result<Json, Failure> {
        let input = self.selected(id, &data.input_path, &self.thread(id).input, view)?;
        match &data.parameters {
            None => Ok(input),
            Some(payload) => self.evaluated(id, payload, &input, Document::Input, view, Stage::Parameters, env),
        }
    }

    /// `InputPath`, `OutputPath` or `ItemsPath` applied to `document`.
    #[inline]
    pub(super) fn selected(&self, id: ThreadId, select: &Select, document: &Json, view: View) -> Result<Json, Failure> {
        match select {
            Select::Whole => Ok(document.clone()),
            Select::Nothing => Ok(Json::object()),
            Select::Path(path) => self.read(id, path, document, view),
        }
    }

    /// A path that must have a value.
    pub(super) fn read(&self, id: ThreadId, path: &Path, document: &Json, view: View) -> Result<Json, Failure> {
        path.read(&Scope { root: document, surroundings: &view })
            .map_err(|error| self.runtime(id, format_args!("Invalid path '{}' : {error}", path.text())))
    }

    /// A template or a formula. `root` is a template's `$`; `document` says what it is for a formula.
    #[allow(clippy::too_many_arguments)] // An evaluation has these many sides; a struct would be made to be taken apart.
    pub(super) fn evaluated(
        &self,
        id: ThreadId,
        payload: &Computed,
        root: &Json,
        document: Document,
        view: View,
        stage: Stage,
        env: &mut dyn Env,
    ) -> Result<Json, Failure> {
        let literal = match payload {
            Computed::Template(template) => template.literal(),
            Computed::Formula(Formula::Literal(value)) => Some(value),
            Computed::Formula(_) => None,
        };
        if let Some(literal) = literal {
            return Ok(literal.clone());
        }
        let site = || self.thread(id).site();
        self.drawing(id, payload, root, document, view, &mut SiteDraws::new(env, &site, stage))
    }

    /// The same, with chance drawn elsewhere than at the state's own site.
    pub(super) fn drawing(
        &self,
        id: ThreadId,
        payload: &Computed,
        root: &Json,
        document: Document,
        view: View,
        draws: &mut SiteDraws,
    ) -> Result<Json, Failure> {
        match payload {
            Computed::Template(template) => template
                .evaluate(&Scope { root, surroundings: &view }, draws)
                .map_err(|error| self.runtime(id, format_args!("{error}"))),
            Computed::Formula(formula) => self.formula(id, formula, root, document, view, draws),
        }
    }

    /// A formula of the state's own, where only its input is known.
    pub(super) fn own_formula(
        &self,
        id: ThreadId,
        formula: &Formula,
        stage: Stage,
        env: &mut dyn Env,
    ) -> Result<Json, Failure> {
        let site = || self.thread(id).site();
        let draws = &mut SiteDraws::new(env, &site, stage);
        self.formula(id, formula, &Json::Null, Document::Input, self.view(id), draws)
    }

    /// `Assign`: the variables to set, all read from the state before any is set.
    pub(super) fn assigned(
        &self,
        id: ThreadId,
        payload: Option<&Computed>,
        root: &Json,
        document: Document,
        stage: Stage,
        env: &mut dyn Env,
    ) -> Result<Option<Json>, Failure> {
        payload.map(|payload| self.evaluated(id, payload, root, document, self.view(id), stage, env)).transpose()
    }

    /// `ResultPath`: the result put into the state's raw input.
    #[inline]
    pub(super) fn placed(&self, id: ThreadId, place: &Place, result: Json) -> Result<Json, Failure> {
        let input = &self.thread(id).input;
        match place {
            Place::Whole => Ok(result),
            Place::Discard => Ok(input.clone()),
            Place::At(path) => path.write(input.clone(), result).map_err(|_| {
                let cause = format!("Unable to apply ReferencePath {} to input {input}", path.text());
                Failure::named(Some("States.ResultPathMatchFailure".into()), Some(cause.into()))
            }),
        }
    }

    /// A whole number from zero up, from `field`.
    pub(super) fn whole_number(
        &self,
        id: ThreadId,
        number: &Seconds,
        field: &str,
        input: &Json,
        view: View,
        env: &mut dyn Env,
    ) -> Result<u64, Failure> {
        let value = self.integer(id, number, field, input, view, env)?;
        u64::try_from(value).map_err(|_| self.no_number(id, number, field, &value.to_string(), "integer"))
    }

    /// An integer from `field`, literal or read from the input.
    pub(super) fn integer(
        &self,
        id: ThreadId,
        number: &Seconds,
        field: &str,
        input: &Json,
        view: View,
        env: &mut dyn Env,
    ) -> Result<i64, Failure> {
        match number {
            Seconds::Literal(value) => Ok(i64::try_from(*value).unwrap_or(i64::MAX)),
            Seconds::Formula(formula) => {
                let value = self.own_formula(id, formula, Stage::Number, env)?;
                self.typed(id, formula, "integer", &value, Json::as_i64)
            }
            Seconds::Path(path) => {
                let text = bare(&self.read(id, path, input, view)?);
                text.parse().map_err(|_| self.no_number(id, number, field, &text, "integer"))
            }
        }
    }

    /// A number from `field`.
    pub(super) fn float(
        &self,
        id: ThreadId,
        number: &Seconds,
        field: &str,
        input: &Json,
        view: View,
        env: &mut dyn Env,
    ) -> Result<f64, Failure> {
        match number {
            Seconds::Literal(value) => Ok(*value as f64),
            Seconds::Formula(formula) => {
                let value = self.own_formula(id, formula, Stage::Number, env)?;
                self.typed(id, formula, "number", &value, Json::as_f64)
            }
            Seconds::Path(path) => {
                let text = bare(&self.read(id, path, input, view)?);
                text.parse().map_err(|_| self.no_number(id, number, field, &text, "float"))
            }
        }
    }

    fn no_number(&self, id: ThreadId, number: &Seconds, field: &str, value: &str, kind: &str) -> Failure {
        let path = match number {
            Seconds::Path(path) => path.text(),
            Seconds::Literal(_) | Seconds::Formula(_) => field,
        };
        self.runtime(
            id,
            format_args!("The {field} field refers to value \"{value}\" which is not a valid {kind}: {path}"),
        )
    }
}

/// AWS: a string that holds a number is as good as the number.
fn bare(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
