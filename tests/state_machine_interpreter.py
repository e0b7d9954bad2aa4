"""A state machine on one page: runs the states that ours has, and counts its history.

An unknown element raises an error. https://states-language.net/spec.html
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Payload = dict[str, Any]
Function = Callable[[Payload], Any]

CONTEXT: Payload = {
    "Execution": {
        "Id": "arn:aws:states:us-east-1:123456789011:execution:reconciliation:one",
        "StartTime": "2020-11-05T12:35:00.123Z",
    }
}
INTRINSIC = re.compile(r"(States\.\w+)\((.*)\)")
DEFAULT_BACKOFF_RATE = 2.0


@dataclass
class Run:
    """One execution, from its input to its end."""

    definition: Mapping[str, Any]
    functions: Mapping[str, Function]
    """By ARN."""
    context: Payload = field(default_factory=lambda: CONTEXT)
    """The execution's context, ``$$``."""
    entered: list[str] = field(default_factory=list)
    """The names of the states in the order of the run."""
    waited_seconds: int = 0
    """The time in Wait states."""
    now: float = 0
    """Seconds since the start; functions take none."""
    history_events: int = 2
    """As Step Functions counts them: two for the start and the end."""
    error: str | None = None
    """The error of the Fail state that ended it."""
    cause: str | None = None
    """The cause of that Fail state."""
    failed_items: list[Exception] = field(default_factory=list)
    """The errors of the items of a Map."""

    def of(self, given: Payload) -> None:
        """Run to the end."""
        for _ in self.steps(given):
            pass

    def steps(self, given: Payload) -> Iterator[float]:
        """Run state by state, and each retry as a step of its own; yield the seconds until the next step."""
        name: str | None = self.definition["StartAt"]
        data = copy.deepcopy(given)
        while name is not None:
            state = self.definition["States"][name]
            self.entered.append(name)
            self.history_events += 1 if state["Type"] == "Fail" else 2
            before = self.now
            if state["Type"] == "Task":
                name = yield from self._task(state, data)
            else:
                name = getattr(self, f"_{state['Type'].lower()}")(state, data)
                yield self.now - before

    def _pass(self, state: Payload, data: Payload) -> str | None:
        if "Result" in state:
            put(state["ResultPath"], copy.deepcopy(state["Result"]), data)
        if "Parameters" in state:
            put(state["ResultPath"], resolve(state["Parameters"], data), data)
        return following(state)

    def _wait(self, state: Payload, data: Payload) -> str | None:
        self.waited_seconds += state["Seconds"]
        self.now += state["Seconds"]
        return following(state)

    def _fail(self, state: Payload, data: Payload) -> str | None:
        self.error = state["Error"]
        self.cause = evaluate(state["CausePath"], data)
        return None

    def _choice(self, state: Payload, data: Payload) -> str:
        for choice in state["Choices"]:
            if all(holds(test, data) for test in choice["And"]):
                return str(choice["Next"])
        return str(state["Default"])

    def _map(self, state: Payload, data: Payload) -> str | None:
        """Run the items of a Distributed Map one by one; failures of items are tolerated."""
        assert state["ItemProcessor"]["ProcessorConfig"]["Mode"] == "DISTRIBUTED"
        assert (state["ToleratedFailurePercentage"], state["ResultPath"]) == (100, None)
        self.history_events += 4  # entered and exited are counted; the state and the map run
        for item in get(state["ItemsPath"], data):
            context = {**self.context, "Map": {"Item": {"Value": item}}}
            child = Run(state["ItemProcessor"], self.functions)
            try:
                child.of(resolve(state["ItemSelector"], data, context))
            except Exception as error:
                self.failed_items.append(error)
        return following(state)

    def _task(self, state: Payload, data: Payload) -> Generator[float, None, str | None]:
        assert state["Resource"] == "arn:aws:states:::lambda:invoke"
        parameters = resolve(state["Parameters"], data, self.context)
        function = self.functions[parameters["FunctionName"]]
        tried = [0] * len(state["Retry"])
        while True:
            self.history_events += 3  # scheduled, started, and how it went
            payload = copy.deepcopy(parameters["Payload"])
            try:
                answer = {"Payload": function(payload), "StatusCode": 200}
            except Exception as error:
                index = index_of(state["Retry"], error)
                if index is not None and tried[index] < state["Retry"][index]["MaxAttempts"]:
                    pause = delay_seconds(state["Retry"][index], tried[index])
                    self.now += pause
                    tried[index] += 1
                    yield pause
                    continue
                catcher = index_of(state.get("Catch", []), error)
                if catcher is None:
                    raise
                caught = state["Catch"][catcher]
                output = {"Error": type(error).__name__, "Cause": str(error)}
                put(caught["ResultPath"], output, data)
                yield 0
                return str(caught["Next"])
            result = resolve(state["ResultSelector"], answer)
            if "ResultPath" in state:
                put(state["ResultPath"], result, data)
            yield 0
            return following(state)


def following(state: Payload) -> str | None:
    """Return the next state's name; None at the end, which the state must mark."""
    assert ("Next" in state) is not state.get("End", False)
    return state.get("Next")


def delay_seconds(retrier: Payload, retries: int) -> float:
    """Return the pause before a retry, after so many *retries* by the same retrier."""
    rate = retrier.get("BackoffRate", DEFAULT_BACKOFF_RATE)
    assert rate >= 1
    return float(retrier["IntervalSeconds"] * rate**retries)


def holds(test: Payload, data: Payload) -> bool:
    """Evaluate one comparison; a path that is absent fails all but IsPresent, as it does in AWS."""
    path = test["Variable"]
    if "IsPresent" in test:
        try:
            get(path, data)
        except KeyError:
            return not test["IsPresent"]
        return bool(test["IsPresent"])
    value = get(path, data)
    if "NumericGreaterThanEqualsPath" in test:
        return bool(value >= get(test["NumericGreaterThanEqualsPath"], data))
    assert isinstance(value, bool), f"{path} is {value!r}: BooleanEquals is false of it"
    return bool(value is test["BooleanEquals"])


def resolve(template: Any, data: Payload, context: Payload = CONTEXT) -> Any:
    """Replace each ``"name.$": path`` by ``name`` and the value at the path."""
    if not isinstance(template, dict):
        return template
    return {
        key.removesuffix(".$"): evaluate(value, data, context)
        if key.endswith(".$")
        else resolve(value, data, context)
        for key, value in template.items()
    }


def evaluate(expression: str, data: Payload, context: Payload = CONTEXT) -> Any:
    """Return the value of a path, or of one intrinsic function."""
    called = INTRINSIC.fullmatch(expression)
    if called is None:
        return get(expression, data, context)
    arguments = [
        get(each, data) if each.startswith("$") else json.loads(each)
        for each in called[2].split(", ")
    ]
    match called[1]:
        case "States.MathAdd":
            return sum(arguments)
        case "States.JsonToString":
            return json.dumps(arguments[0])
    raise NotImplementedError(expression)


def get(path: str, data: Payload, context: Payload = CONTEXT) -> Any:
    """Return the value at a reference path, ``$$`` being the execution's *context*."""
    root, *names = path.split(".")
    value: Any = {"$": data, "$$": context}[root]
    for name in names:
        value = value[name]
    return copy.deepcopy(value)


def put(path: str, value: Any, data: Payload) -> None:
    """Put *value* at a reference path, and make the objects on the way."""
    _, *folders, name = path.split(".")
    for folder in folders:
        data = data.setdefault(folder, {})
    data[name] = value


def index_of(handlers: list[Payload], error: Exception) -> int | None:
    """Return which retrier or catcher takes *error*: the first that names it, or all."""
    for index, handler in enumerate(handlers):
        if {type(error).__name__, "States.ALL"} & set(handler["ErrorEquals"]):
            return index
    return None
