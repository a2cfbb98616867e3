"""nbconvert exporter: one language of an executed notebook to an accessible A4 PDF.

nbconvert loads and builds every registered exporter at each start, so that an import that fails here would
break all of its conversions: heavy imports stay inside the functions.
"""

import datetime
from pathlib import Path

from nbconvert.exporters import Exporter
from traitlets import Unicode, default


def to_pdf(notebook_path, language):
    """Print one edition.

    Parameters
    ----------
    notebook_path : Path or str
        Executed notebook.
    language : {"ko", "en"}

    Returns
    -------
    bytes
        PDF/UA-1, the same for the same notebook.

    Raises
    ------
    Refusal
        If the notebook cannot become a briefing; what is checked before and after printing is in `gate`.
    """
    import nbformat

    return edition(nbformat.read(Path(notebook_path), as_version=4), language)


def edition(notebook, language):
    """As `to_pdf`, of a notebook in memory."""
    from dansok.briefing.document import document
    from dansok.briefing.payload import payloads
    from dansok.briefing.typeset import typeset

    tree, files = document(notebook, language)
    as_of = datetime.datetime.fromisoformat(payloads(notebook, "start")[0][1]["as_of"])
    return typeset(tree, files, int(as_of.replace(tzinfo=datetime.UTC).timestamp()))


class BriefingExporter(Exporter):
    """`jupyter nbconvert --to briefing --BriefingExporter.language=en NOTEBOOK`."""

    export_from_notebook = "Briefing (PDF)"
    output_mimetype = "application/pdf"
    language = Unicode("", help="ko or en; empty: the language that the notebook shows").tag(config=True)

    @default("file_extension")
    def _file_extension(self):
        return ".pdf"

    def from_notebook_node(self, nb, resources=None, **kw):
        from dansok.briefing import gate
        from dansok.briefing.payload import payloads

        nb, resources = super().from_notebook_node(nb, resources, **kw)
        gate.check_notebook(nb)
        language = self.language or payloads(nb, "start")[0][1]["language"]
        return edition(nb, language), resources
