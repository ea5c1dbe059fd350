"""Rules about what outlives a pod: who saves, and where it goes."""

from collections.abc import Iterator, Mapping

from config.rule import Mistake, Rule, rule
from config.sections import ObjectStoreSection, ServedSecretSection, WorkloadSection
from model import object_store


@rule("objectStore", "workloads")
def _store(store: ObjectStoreSection | None, workloads: Mapping[str, WorkloadSection]) -> Iterator[Mistake]:
    saving = [name for name, workload in workloads.items() if workload.persistence]
    if saving and store is None:
        yield Mistake(
            key="objectStore",
            rule="is missing",
            fix=f"add it, because {', '.join(saving)} of coco:workloads saves there, or remove its persistence",
        )
    if store is not None and not saving:
        yield Mistake(
            key="objectStore",
            value=store.account,
            rule="must be absent where no workload has persistence, because nothing would be saved there",
            fix="remove it once its snapshots are no longer needed, or add persistence to a workload",
        )


@rule("workloads")
def _one_writer(workloads: Mapping[str, WorkloadSection]) -> Iterator[Mistake]:
    for name, workload in workloads.items():
        if workload.persistence and len(workload.spokes) != 1:
            yield Mistake(
                key=f"workloads.{name}.spokes",
                value=", ".join(workload.spokes),
                rule="must be one spoke where the workload has persistence, because two pods would save over each other",
                fix="name one, and give each other spoke a workload of its own",
            )
        if workload.persistence and "--" in name:
            yield Mistake(
                key=f"workloads.{name}",
                value=name,
                rule="must not have two hyphens in a row where it has persistence, because Azure takes no such container",
                fix="rename the workload",
            )


@rule("secrets")
def _names(secrets: Mapping[str, ServedSecretSection]) -> Iterator[Mistake]:
    for name in secrets:
        if name.startswith(object_store.PREFIX):
            yield Mistake(
                key=f"secrets.{name}",
                value=name,
                rule=f"must not start with {object_store.PREFIX}, because the program serves to each workload with persistence"
                f" what is called {object_store.PREFIX}<workload>",
                fix="rename it",
            )


RULES: tuple[Rule, ...] = (_store, _one_writer, _names)
