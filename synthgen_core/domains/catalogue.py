"""All domains that there are: ours, and those that a user dropped into a folder."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from synthgen_core.domains.definition import Domain, Subdomain, Weighted, fold, read_domain, read_parameters
from synthgen_core.errors import ConfigError, NotFoundError

HERE = Path(__file__).parent
ORDER = (
    "support",
    "medical",
    "legal",
    "education",
    "business",
    "technical",
    "sales",
    "financial",
    "research",
    "coaching",
    "creative",
    "meetings",
)
"""Our domains in the order in which they are shown; a user's own follow by name."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The domains that can be used, and what is wrong with the files that cannot. Ours are read on first use."""

    theirs: tuple[Domain, ...] = ()
    """The user's own. One with the slug of one of ours replaces it."""
    problems: tuple[ConfigError, ...] = ()

    @property
    def domains(self) -> tuple[Domain, ...]:
        """All of them, in order."""
        replaced = {domain.slug: domain for domain in self.theirs}
        ours = [replaced.get(slug) or own_domain(slug) for slug in ORDER]
        return (*ours, *(domain for domain in self.theirs if domain.slug not in ORDER))

    def __iter__(self) -> Iterator[Domain]:
        return iter(self.domains)

    def domain(self, name: str) -> Domain:
        """The domain with this slug, name or alias, in any case.

        Raises:
            NotFoundError: there is none; the hint names the nearest.
        """
        if (slug := fold(name)) in ORDER and all(slug != domain.slug for domain in self.theirs):
            return own_domain(slug)  # as most callers name it: the other files need not be read
        for domain in self.domains:
            if fold(name) in {fold(known) for known in (domain.slug, domain.name, *domain.aliases)}:
                return domain
        raise NotFoundError.of("domain", name, [domain.name for domain in self.domains])

    def find(self, domain: str, subdomain: str) -> tuple[Domain, Subdomain]:
        """Both by slug, name or alias. Raises NotFoundError as ``domain`` and ``Domain.subdomain`` do."""
        found = self.domain(domain)
        return found, found.subdomain(subdomain)


@cache
def common_parameters() -> Mapping[str, Weighted]:
    """The weighted groups that every domain shares."""
    return read_parameters(HERE / "common.toml")


@cache
def own_domain(slug: str) -> Domain:
    """A domain that comes with the product: one of ``ORDER``."""
    return read_domain(HERE / f"{slug}.toml", common_parameters())


def load_catalogue(folder: Path | None = None) -> Catalogue:
    """Ours, and those in ``folder``: a wrong file there costs its own domain only, and is told in ``problems``."""
    theirs: dict[str, Domain] = {}
    problems = []
    for path in sorted(folder.glob("*.toml")) if folder and folder.is_dir() else ():
        try:
            domain = read_domain(path, common_parameters())
        except ConfigError as error:
            problems.append(error)
        else:
            theirs[domain.slug] = domain
    return Catalogue(tuple(theirs.values()), tuple(problems))


class DomainTable(dict[str, dict[str, object]]):
    """Slug -> the domain in the shape of the original document; a display name or an alias finds it too."""

    def __missing__(self, name: str) -> dict[str, object]:
        return self[Catalogue().domain(name).slug]


def values_and_weights(weights: Weighted) -> dict[str, list[object]]:
    """A weighted group in the original document's shape: values, and weights that sum to 1."""
    return {"values": list(weights), "weights": [weight / 100 for weight in weights.values()]}


@cache
def domain_table() -> DomainTable:
    """``DOMAINS``: our twelve domains in the original document's shape."""
    return DomainTable(
        (
            domain.slug,
            {
                "name": domain.name,
                "subdomains": [subdomain.name for subdomain in domain.subdomains],
                "specific_params": {
                    group: values_and_weights(weights) for group, weights in domain.own_parameters.items()
                },
            },
        )
        for domain in Catalogue()
    )
