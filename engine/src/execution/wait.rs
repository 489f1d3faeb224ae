//! The Wait state.

use super::failure::Failure;
use super::flow::Stage;
use super::step::Then;
use super::thread::{Step, ThreadId};
use super::{Effect, Env, Execution, TimerPurpose};
use crate::asl::{DataFlow, Delay, Instant, Program};
use crate::json::Json;
use crate::query::Scope;

/// AWS: somewhere between 24,855 and 24,856 days a wait becomes too long; 2^31 seconds lie there.
const WAIT_MS_MAX: u64 = i32::MAX as u64 * 1000;

impl Execution {
    pub(super) fn start_wait(
        &mut self,
        id: ThreadId,
        delay: &Delay,
        data: &DataFlow,
        env: &mut dyn Env,
    ) -> Result<Then, Failure> {
        let now_ms = env.now_ms();
        let until_ms = self.wait_until_ms(id, delay, data, now_ms, env)?;
        self.thread_mut(id).step = Step::Slept;
        if until_ms <= now_ms {
            return Ok(Then::Continue(id));
        }
        if until_ms - now_ms > WAIT_MS_MAX {
            return Err(self.runtime(id, "Wait state delay is too long."));
        }
        let timer = self.next_timer(id);
        let thread = self.thread_mut(id);
        thread.timer = Some(timer);
        let site = thread.site();
        self.effects.push(Effect::SetTimer { timer, at_ms: until_ms, site, purpose: TimerPurpose::Wait });
        Ok(Then::Stop)
    }

    pub(super) fn leave_wait(&mut self, program: &Program, id: ThreadId, env: &mut dyn Env) -> Then {
        let data = &program.at(self.thread(id).state).data;
        match self.effective_input(id, data, self.view(id), env) {
            Ok(input) => self.complete(program, id, input, env),
            Err(failure) => self.fail(program, id, failure, env),
        }
    }

    fn wait_until_ms(
        &self,
        id: ThreadId,
        delay: &Delay,
        data: &DataFlow,
        now_ms: u64,
        env: &mut dyn Env,
    ) -> Result<u64, Failure> {
        let view = self.view(id);
        let input = self.effective_input(id, data, view, env)?;
        let scope = Scope { root: &input, surroundings: &view };
        match delay {
            Delay::Seconds(seconds) => Ok(now_ms.saturating_add(seconds.saturating_mul(1000))),
            Delay::Timestamp(instant) => Ok(instant.to_ms()),
            Delay::SecondsFormula(formula) => {
                let value = self.own_formula(id, formula, Stage::Number, env)?;
                let whole = |value: &Json| value.as_i64().and_then(|number| u64::try_from(number).ok());
                let seconds = self.typed(id, formula, "integer", &value, whole)?;
                Ok(now_ms.saturating_add(seconds.saturating_mul(1000)))
            }
            Delay::TimestampFormula(formula) => {
                let value = self.own_formula(id, formula, Stage::Text, env)?;
                let text = self.typed(id, formula, "string", &value, |value| value.as_str().map(str::to_owned))?;
                Instant::parse(&text).map(Instant::to_ms).ok_or_else(|| {
                    let detail = format!(
                        "The Timestamp field cannot be parsed as an ISO-8601 extended offset date-time format string: {text}"
                    );
                    self.evaluation_failure(id, Some("Timestamp".into()), detail)
                })
            }
            Delay::SecondsPath(path) => {
                let text = path.text();
                let value = path.read(&scope).map_err(|_| {
                    self.runtime(
                        id,
                        format_args!("The SecondsPath parameter does not reference an input value: {text}"),
                    )
                })?;
                let Some(seconds) = value.as_i64() else {
                    let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                    let detail =
                        format!("The SecondsPath parameter cannot be parsed as a long value: {text} == {value}");
                    return Err(self.runtime(id, detail));
                };
                let Ok(seconds) = u64::try_from(seconds) else {
                    let detail = format!("The SecondsPath parameter references a negative value: {text} == {seconds}");
                    return Err(self.runtime(id, detail));
                };
                Ok(now_ms.saturating_add(seconds.saturating_mul(1000)))
            }
            Delay::TimestampPath(path) => {
                let text = path.text();
                let value = path.read(&scope).map_err(|_| {
                    let detail = format!("The TimestampPath parameter does not reference an input value: {text}");
                    self.runtime(id, detail)
                })?;
                value.as_str().and_then(Instant::parse).map(Instant::to_ms).ok_or_else(|| {
                    let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                    let detail = format!(
                        "The TimestampPath parameter does not reference a valid ISO-8601 extended offset date-time \
                         format string: {text} == {value}"
                    );
                    self.runtime(id, detail)
                })
            }
        }
    }
}
