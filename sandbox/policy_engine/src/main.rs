// Judges agent policies as the kata agent does (kata-containers src/agent/policy/src/policy.rs): one engine a policy, the
// request as input, `data.agent_policy.<name>` as query, operations of RFC 6902 on the data as state.
//
// Each line of stdin is a job, each line of stdout its answer, in the same order:
//   {"engine": "0.2.8" | "0.9.1", "policy": <Rego>, "state": {...}, "requests": [[<name>, <input>], ...]}
//     state: what earlier requests left in `data.pstate`; {} at the start of an agent
//   {"answers": [<text or null>, ...], "state": {...}}     null: the agent obeys; a text: it refuses, and why
//   {"error": <text>}                      the policy cannot be loaded; the agent would not start
use serde_json::{json, Value};
use std::collections::HashMap;
use std::io::{self, BufRead, Write};

// The two versions have the same methods and share no trait.
macro_rules! agent {
    ($agent:ident, $regorus:ident) => {
        #[derive(Clone)]
        struct $agent {
            engine: $regorus::Engine,
            state: Value,
            fails_open: bool,
        }

        impl $agent {
            fn with(policy: &str) -> Result<Self, String> {
                let mut engine = $regorus::Engine::new();
                engine.set_strict_builtin_errors(false);
                engine.add_policy("agent_policy".to_string(), policy.to_string()).map_err(text)?;
                let state = json!({"pstate": {}});
                engine.add_data_json(&state.to_string()).map_err(text)?;
                let mut agent = Self { engine, state, fails_open: false };
                agent.fails_open = agent.ask("AllowRequestsFailingPolicy", &json!({})).is_ok();
                Ok(agent)
            }

            fn ask(&mut self, name: &str, input: &Value) -> Result<(), String> {
                self.engine.set_input_json(&input.to_string()).map_err(text)?;
                let query = format!("data.agent_policy.{name}");
                let results = self.engine.eval_query(query, false).map_err(text)?;
                let [result] = results.result.as_slice() else {
                    return Err(format!("there is no rule {name}"));
                };
                let [expression] = result.expressions.as_slice() else {
                    return Err(format!("rule {name} has several values"));
                };
                let value = expression.value.to_json_str().map_err(text)?;
                let value: Value = serde_json::from_str(&value).map_err(text)?;
                let allowed = if value.is_object() { &value["allowed"] } else { &value };
                match allowed {
                    Value::Bool(true) => self.remember(&value["ops"]),
                    Value::Bool(false) => Err("refused".to_string()),
                    _ => Err(format!("rule {name} says neither true nor false")),
                }
            }

            fn remember(&mut self, operations: &Value) -> Result<(), String> {
                if operations.is_null() {
                    return Ok(());
                }
                let patch: json_patch::Patch =
                    serde_json::from_value(operations.clone()).map_err(text)?;
                json_patch::patch(&mut self.state, &patch).map_err(text)?;
                self.keep()
            }

            fn keep(&mut self) -> Result<(), String> {
                self.engine.clear_data();
                self.engine.add_data_json(&self.state.to_string()).map_err(text)
            }

            fn answers(
                mut self,
                state: &Value,
                requests: &[Value],
            ) -> Result<Value, String> {
                self.state["pstate"] = state.clone();
                self.keep()?;
                let mut answers = Vec::new();
                for request in requests {
                    let name = request[0].as_str().unwrap_or_default();
                    let refusal = self.ask(name, &request[1]).err();
                    answers.push(refusal.filter(|_| !self.fails_open));
                }
                Ok(json!({"answers": answers, "state": self.state["pstate"]}))
            }
        }
    };
}

agent!(Older, regorus_0_2);
agent!(Newer, regorus_0_9);

#[derive(Clone)]
enum Agent {
    Older(Older),
    Newer(Newer),
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

fn with(engine: &str, policy: &str) -> Result<Agent, String> {
    match engine {
        "0.2.8" => Older::with(policy).map(Agent::Older),
        "0.9.1" => Newer::with(policy).map(Agent::Newer),
        other => Err(format!("there is no engine {other}")),
    }
}

// Policies are loaded once: that takes a hundred times as long as an answer.
type Loaded = HashMap<(String, String), Result<Agent, String>>;

fn answer(loaded: &mut Loaded, line: &str) -> Result<Value, String> {
    let job: Value = serde_json::from_str(line).map_err(text)?;
    let (Some(engine), Some(policy), state @ Value::Object(_), Some(requests)) = (
        job["engine"].as_str(),
        job["policy"].as_str(),
        &job["state"],
        job["requests"].as_array(),
    ) else {
        return Err("a job needs an engine, a policy, a state and requests".to_string());
    };
    let agent = loaded
        .entry((engine.to_string(), policy.to_string()))
        .or_insert_with(|| with(engine, policy))
        .clone()?;
    match agent {
        Agent::Older(agent) => agent.answers(state, requests),
        Agent::Newer(agent) => agent.answers(state, requests),
    }
}

fn main() -> io::Result<()> {
    let mut loaded = Loaded::new();
    let mut output = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let found = answer(&mut loaded, &line?).unwrap_or_else(|error| json!({"error": error}));
        writeln!(output, "{found}")?;
        output.flush()?;
    }
    Ok(())
}
