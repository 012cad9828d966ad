"""Which labels a PromQL expression results in, and whether every series and label that it names exists."""

from collections.abc import Mapping, Set

from promql_parser import (
    AggModifierType,
    AggregateExpr,
    BinaryExpr,
    Call,
    Expr,
    MatrixSelector,
    NumberLiteral,
    ParenExpr,
    VectorSelector,
    parse,
)

Labels = frozenset[str]
RANKS = {"topk", "bottomk"}  # keep all labels of what they choose
SET_OPERATORS = {"and", "or", "unless"}


class UnknownNameError(Exception):
    """A series or label that does not exist, or an operator that would match nothing."""


class Reader:
    """Reads expressions against a catalogue of labels by series name, and notes which series were used."""

    def __init__(self, catalogue: Mapping[str, Set[str]]) -> None:
        self._catalogue = catalogue
        self.used: set[str] = set()
        self.matched: set[tuple[str, str]] = set()  # label, value or regular expression

    def labels(self, text: str) -> Labels:
        """Labels of the result. Raises: UnknownNameError; ValueError: it does not parse."""
        return self._labels(parse(text))

    def _labels(self, expr: Expr) -> Labels:
        match expr:
            case VectorSelector():
                return self._selector(expr)
            case MatrixSelector():
                return self._selector(expr.vector_selector)
            case ParenExpr():
                return self._labels(expr.expr)
            case NumberLiteral():
                return frozenset()
            case Call():
                return self._call(expr)
            case AggregateExpr():
                return self._aggregate(expr)
            case BinaryExpr():
                return self._binary(expr)
        raise NotImplementedError(f"teach the test about {type(expr).__name__}: {expr}")

    def _selector(self, selector: VectorSelector) -> Labels:
        name = selector.name or ""
        if name not in self._catalogue:
            raise UnknownNameError(f"no series {name!r}")
        self.used.add(name)
        labels = frozenset(self._catalogue[name])
        matchers = {matcher.name: matcher.value for matcher in selector.matchers.matchers}
        self._known(matchers.keys(), labels, name)
        self.matched |= matchers.items()
        return labels

    def _call(self, call: Call) -> Labels:
        labels = frozenset[str]().union(*(self._labels(argument) for argument in call.args))
        if call.func.name == "histogram_quantile":
            self._known({"le"}, labels, str(call))
            return labels - {"le"}
        return labels

    def _aggregate(self, expr: AggregateExpr) -> Labels:
        inner = self._labels(expr.expr)
        if str(expr.op) in RANKS:
            return inner
        if expr.modifier is None:
            return frozenset()
        if expr.modifier.type != AggModifierType.By:
            raise NotImplementedError(f"`without` says nothing of the labels that are left: {expr}")
        self._known(expr.modifier.labels, inner, str(expr))
        return frozenset(expr.modifier.labels)

    def _binary(self, expr: BinaryExpr) -> Labels:
        left, right = self._labels(expr.lhs), self._labels(expr.rhs)
        scalar = any(_is_scalar(side) for side in (expr.lhs, expr.rhs))
        if not scalar and str(expr.op) not in SET_OPERATORS and left != right:
            raise UnknownNameError(f"{sorted(left)} and {sorted(right)} never match: {expr}")
        return left | right

    @staticmethod
    def _known(names: Set[str] | list[str], labels: Labels, where: str) -> None:
        if unknown := set(names) - labels:
            raise UnknownNameError(f"{where} has no label {sorted(unknown)}")


def _is_scalar(expr: Expr) -> bool:
    if isinstance(expr, ParenExpr):
        return _is_scalar(expr.expr)
    return isinstance(expr, NumberLiteral) or (isinstance(expr, Call) and expr.func.name in {"time", "scalar"})
