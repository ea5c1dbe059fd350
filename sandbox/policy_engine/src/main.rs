// Judges agent policies as the kata agent does (kata-containers src/agent/policy/src/policy.rs): one engine a policy, the
// request as input, `data.agent_policy.<name>` as query, operations of RFC 6902 on the data as state.
//
// Each line of stdin is a job, each line of stdout its answer, in the same order:
//   {"engine": "0.2.8" | "0.9.1", "policy": <Rego>, "requests": [[<name>, <input>], ...]}
//   {"answers": [<error or null>, ...]}     null: allowed; a text: refused, and why
//   {"error": <text>}                       the policy could not be loaded; the agent would not start
use serde_json::{json, Value};
use std::io::{self, BufRead, Write};

// The two versions have the same methods and share no trait.
macro_rules! judge {
    ($name:ident, $regorus:ident) => {
        fn $name(policy: &str, requests: &[Value]) -> Result<Vec<Option<String>>, String> {
            let mut engine = $regorus::Engine::new();
            engine.set_strict_builtin_errors(false);
            engine
                .add_policy("agent_policy".to_string(), policy.to_string())
                .map_err(|error| error.to_string())?;
            let mut state = json!({"pstate": {}});
            engine
                .add_data_json(&state.to_string())
                .map_err(|error| error.to_string())?;
            let mut ask = |name: &str, input: &Value| -> Result<(bool, Option<Value>), String> {
                engine
                    .set_input_json(&input.to_string())
                    .map_err(|error| error.to_string())?;
                let results = engine
                    .eval_query(format!("data.agent_policy.{name}"), false)
                    .map_err(|error| error.to_string())?;
                let [result] = results.result.as_slice() else {
                    return Err(format!("no rule {name}"));
                };
                let [expression] = result.expressions.as_slice() else {
                    return Err(format!("rule {name} has several values"));
                };
                let text = expression.value.to_json_str().map_err(|error| error.to_string())?;
                let answer: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
                match &answer {
                    Value::Bool(allowed) => Ok((*allowed, None)),
                    Value::Object(fields) => match fields.get("allowed") {
                        Some(Value::Bool(true)) => Ok((true, fields.get("ops").cloned())),
                        Some(Value::Bool(false)) => Ok((false, None)),
                        _ => Err(format!("rule {name} says neither allowed nor refused")),
                    },
                    _ => Err(format!("rule {name} is no boolean")),
                }
                .and_then(|(allowed, operations)| {
                    if let (true, Some(operations)) = (allowed, &operations) {
                        let patch: json_patch::Patch = serde_json::from_value(operations.clone())
                            .map_err(|error| error.to_string())?;
                        json_patch::patch(&mut state, &patch).map_err(|error| error.to_string())?;
                        engine.clear_data();
                        engine
                            .add_data_json(&state.to_string())
                            .map_err(|error| error.to_string())?;
                    }
                    Ok((allowed, operations))
                })
            };
            let open = matches!(ask("AllowRequestsFailingPolicy", &json!({})), Ok((true, _)));
            Ok(requests
                .iter()
                .map(|request| match ask(request[0].as_str().unwrap_or(""), &request[1]) {
                    Ok((true, _)) => None,
                    _ if open => None,
                    Ok((false, _)) => Some("refused".to_string()),
                    Err(error) => Some(error),
                })
                .collect())
        }
    };
}

judge!(judge_0_2, regorus_0_2);
judge!(judge_0_9, regorus_0_9);

fn answer(line: &str) -> Value {
    let job: Value = match serde_json::from_str(line) {
        Ok(job) => job,
        Err(error) => return json!({"error": error.to_string()}),
    };
    let (Some(policy), Some(requests)) = (job["policy"].as_str(), job["requests"].as_array()) else {
        return json!({"error": "a job needs a policy and requests"});
    };
    let judged = match job["engine"].as_str() {
        Some("0.2.8") => judge_0_2(policy, requests),
        Some("0.9.1") => judge_0_9(policy, requests),
        other => Err(format!("no engine {other:?}")),
    };
    match judged {
        Ok(answers) => json!({"answers": answers}),
        Err(error) => json!({"error": error}),
    }
}

fn main() -> io::Result<()> {
    let mut output = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        writeln!(output, "{}", answer(&line?))?;
        output.flush()?;
    }
    Ok(())
}
