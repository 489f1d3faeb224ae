use crate::services::Request;
use crate::world::{ActorStep, Name, Names, PlannedActor, Shape, Workload};

/// A workload of exactly these requests: at that many milliseconds after the start, an actor of its own sends each.
///
/// For workloads that something else draws, such as a property test:
///
/// ```
/// use rehearsal::services::Request;
/// use rehearsal::services::eventbridge::{PutEntry, PutEvents};
/// use rehearsal::testing::sends;
/// use rehearsal_engine::json;
///
/// let entry = PutEntry::new("ecommerce-orders", "ecommerce.orders", "Order Placed", json!({"status": "pending"}));
/// let request = Request::Events(Box::new(PutEvents::of_client(vec![entry])));
/// let mut names = rehearsal::world::Names::default();
/// let workload = sends(&mut names, "shopper", vec![(0, request)]);
/// ```
pub fn sends(names: &mut Names, actor: &str, requests: Vec<(u64, Request)>) -> Box<dyn Workload> {
    Box::new(Sends { actor: names.intern(actor), requests })
}

struct Sends {
    actor: Name,
    requests: Vec<(u64, Request)>,
}

impl Workload for Sends {
    fn plan(&mut self, shape: &mut Shape<'_>, actors: &mut Vec<PlannedActor>) -> Result<(), String> {
        for (number, (at_ms, request)) in (1..).zip(&self.requests) {
            let Some(own) = shape.actor(self.actor, number) else { continue };
            let steps = vec![ActorStep::Send(request.clone())];
            actors.push(PlannedActor { actor: own.lineage(), at_ms: *at_ms, steps });
        }
        Ok(())
    }
}
