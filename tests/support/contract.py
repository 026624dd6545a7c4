"""The vendor's pages as a table, written from them and not from the package: what each operation is on the wire.

Invariant: data only. Source: api.ncloud-docs.com, Media Intelligence.
"""

from tests.support.contract_analysis import INDEXES, SUMMARIES
from tests.support.contract_media import ASSETS, PROJECTS
from tests.support.contract_people import PEOPLE
from tests.support.contract_persons import NEWER
from tests.support.contract_search import QUERIES

CONTRACT = (*PEOPLE, *NEWER, *PROJECTS, *ASSETS, *INDEXES, *SUMMARIES, *QUERIES)
"""Every operation of the pages that the package covers."""
