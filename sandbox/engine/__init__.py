"""The embedded engine: a test double of Pulumi's, so that the unmodified program runs without an account or a
CLI.

It runs `__main__.py` in this process under Pulumi's own mock monitor, asks the stand-ins of the sandbox for
every resource, and keeps its state in the format of `pulumi stack export`, secrets encrypted as the
passphrase provider does. It tells create, update, replace, delete and same apart, deletes in reverse
dependency order, and finishes what an interrupted run had begun.

What it does not do: steps run one after the other, never in parallel; no refresh, so drift is not seen; no
targets, plans, policy packs, transforms, hooks, dynamic providers, assets, remote components or provider
configuration from the stack file; no `--continue-on-error`: after a resource has failed, what does not depend
on it is still brought up and nothing is deleted. What a program declared before it raised is not registered
any more, where the official engine would register what was already under way. Waits are as long as the
stand-ins make them. Only the official engine can show that the program works under it.

`program` runs the program, `monitor` turns its requests into `goal`s, `steps` decides what each one means,
`execution` carries a step out, `ledger` and `state` keep what is there, `workspace` runs one stack and
`environment` several.
"""
