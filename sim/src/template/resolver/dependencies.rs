use std::collections::BTreeSet;

use rehearsal_engine::source::{Diagnostic, Node, Shape};

use super::super::suggest;
use super::Resolver;
use super::sub::{Piece, pieces};

/// The existing resources in an order in which each comes after what it refers to. Resources in a circle, which is
/// reported, come last.
pub fn creation_order(resolver: &mut Resolver<'_>) -> Vec<usize> {
    let count = resolver.resources.len();
    let mut needs: Vec<BTreeSet<usize>> = Vec::with_capacity(count);
    for at in 0..count {
        let mut found = BTreeSet::new();
        if resolver.resources[at].exists {
            if let Some(properties) = resolver.resources[at].properties {
                collect(resolver, properties, &mut found);
            }
            depends_on(resolver, at, &mut found);
        }
        needs.push(found);
    }
    let mut order = Vec::with_capacity(count);
    let mut waiting: BTreeSet<usize> = (0..count).filter(|at| resolver.resources[*at].exists).collect();
    let mut done = vec![false; count];
    // Each round creates what waits for nothing any more; in the order of the file, for stable results.
    while let Some(next) = next_round(&waiting, &needs, &done) {
        for at in next {
            waiting.remove(&at);
            done[at] = true;
            order.push(at);
        }
    }
    if !waiting.is_empty() {
        report_circle(resolver, &waiting, &needs);
        order.extend(waiting);
    }
    order
}

fn next_round(waiting: &BTreeSet<usize>, needs: &[BTreeSet<usize>], done: &[bool]) -> Option<Vec<usize>> {
    let ready = |at: &&usize| needs[**at].iter().all(|need| done[*need]);
    let round: Vec<usize> = waiting.iter().filter(ready).copied().collect();
    (!round.is_empty()).then_some(round)
}

/// Names only the circle, not what merely hangs on it.
fn report_circle(resolver: &mut Resolver<'_>, waiting: &BTreeSet<usize>, needs: &[BTreeSet<usize>]) {
    let mut circle = waiting.clone();
    loop {
        let needed: BTreeSet<usize> = circle.iter().flat_map(|at| needs[*at].iter().copied()).collect();
        let smaller: BTreeSet<usize> = circle.intersection(&needed).copied().collect();
        if smaller == circle {
            break;
        }
        circle = smaller;
    }
    let names: Vec<&str> = circle.iter().map(|at| &**resolver.resources[*at].logical_id).collect();
    // AWS: the wording of CloudFormation.
    let message = format!("circular dependency between resources: [{}]", names.join(", "));
    let Some(first) = circle.first().map(|at| &resolver.resources[*at]) else { return };
    let path = format!("/Resources/{}", first.logical_id);
    let problem = Diagnostic::error("circular-dependency", first.id_span, path, message);
    resolver.problems.push(problem.hint("write one of the references as a fixed name, or remove a DependsOn"));
}

fn depends_on(resolver: &mut Resolver<'_>, at: usize, found: &mut BTreeSet<usize>) {
    for node in resolver.resources[at].depends_on.clone() {
        let path = format!("/Resources/{}/DependsOn", resolver.resources[at].logical_id);
        let Some(name) = node.as_str() else {
            let message = format!("DependsOn takes logical ids, found {}", node.kind());
            resolver.problems.push(Diagnostic::error("wrong-type", node.span, path, message));
            continue;
        };
        if let Some(index) = resolver.index.get(name) {
            if resolver.resources[*index].exists {
                found.insert(*index);
            }
        } else {
            let message = format!("unresolved resource dependencies [{name}] in the Resources block of the template");
            let mut problem = Diagnostic::error("unresolved-reference", node.span, path, message);
            problem.hint = suggest::hint(name, resolver.index.keys().copied());
            resolver.problems.push(problem);
        }
    }
}

/// The resources that a value refers to, where `Fn::If` takes it.
fn collect(resolver: &mut Resolver<'_>, node: &Node, found: &mut BTreeSet<usize>) {
    match &node.shape {
        Shape::Array(items) => items.iter().for_each(|item| collect(resolver, item, found)),
        Shape::Object(members) => {
            for member in members {
                let value = &member.value;
                match &*member.key {
                    "Ref" => add(resolver, value.as_str(), found),
                    "Fn::GetAtt" => {
                        let first = value.as_array().and_then(|items| items.first()).and_then(Node::as_str);
                        add(resolver, first.or_else(|| value.as_str()?.split('.').next()), found);
                    }
                    "Fn::If" => {
                        if let Some([condition, yes, no]) = value.as_array() {
                            match condition.as_str().and_then(|name| resolver.decide(name)) {
                                Some(true) => collect(resolver, yes, found),
                                Some(false) => collect(resolver, no, found),
                                None => {}
                            }
                        }
                    }
                    "Fn::Sub" => collect_sub(resolver, value, found),
                    _ => collect(resolver, value, found),
                }
            }
        }
        _ => {}
    }
}

fn collect_sub(resolver: &mut Resolver<'_>, value: &Node, found: &mut BTreeSet<usize>) {
    let (text, variables) = match value.as_array() {
        Some([text, variables, ..]) => (text.as_str(), Some(variables)),
        Some([text]) => (text.as_str(), None),
        _ => (value.as_str(), None),
    };
    for piece in pieces(text.unwrap_or_default()) {
        let Piece::Variable { name, .. } = piece else { continue };
        let own = variables.is_some_and(|variables| variables.get(name).is_some());
        if !own {
            add(resolver, Some(name.split('.').next().unwrap_or(name)), found);
        }
    }
    if let Some(variables) = variables {
        collect(resolver, variables, found);
    }
}

fn add(resolver: &Resolver<'_>, name: Option<&str>, found: &mut BTreeSet<usize>) {
    if let Some(at) = name.and_then(|name| resolver.index.get(name))
        && resolver.resources[*at].exists
    {
        found.insert(*at);
    }
}
