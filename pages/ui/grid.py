"""The one place that calls AgGrid: a page of rows to read, tick and edit, which says only what was done to it.

It returns what code of ours picks out: in every other mode AgGrid sends all rows back on each rerun of the page. Only
its free features are used. Strings from elsewhere go into cells, never into options: AgGrid runs options that are
marked as code.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import streamlit as st
from st_aggrid import AgGrid, DataReturnMode, JsCode, StAggridTheme

CODE_MARK = "::JSCODE::"
CURRENT, FIXED = "_current", "_fixed"
"""Columns that are not shown: whether the row is the one being read; names of cells that cannot be edited here."""

RETURN = JsCode("""function({streamlitRerunEventTriggerName: name, eventData: event}) {
  const own = window;
  if (!own.gridNonce) { own.gridNonce = Math.random().toString(36).slice(2); own.gridCount = 0; own.gridLog = []; }
  if (name === 'cellValueChanged') own.gridLog.push({n: ++own.gridCount, what: 'edit', row: event.node.id,
    column: event.column.getColId(), before: event.oldValue ?? null, after: event.newValue ?? null});
  const focused = name === 'cellFocused' && event.rowIndex != null && event.api.getDisplayedRowAtIndex(event.rowIndex);
  if (focused) own.gridLog.push({n: ++own.gridCount, what: 'focus', row: focused.id});
  if (own.gridLog.length > 200) own.gridLog.splice(0, own.gridLog.length - 200);
  return {nonce: own.gridNonce, log: own.gridLog.slice(), ticked: event.api.getSelectedNodes().map(node => node.id)};
}""")
"""A log: what is done faster than the page follows is not lost."""
SHOULD_RETURN = JsCode("""function({streamlitRerunEventTriggerName: name, eventData: event}) {
  if (name === 'cellValueChanged') return (event.oldValue ?? '') !== (event.newValue ?? '');
  if (name !== 'cellFocused') return true;
  const node = event.rowIndex == null ? null : event.api.getDisplayedRowAtIndex(event.rowIndex);
  if (!node || node.id === window.gridCurrent) return false;
  window.gridCurrent = node.id;
  document.querySelectorAll('.current-row').forEach(row => row.classList.remove('current-row'));
  document.querySelectorAll('[row-id="' + node.id + '"]').forEach(row => row.classList.add('current-row'));
  return true;
}""")
"""A cell that comes into focus makes its row the current one, which the grid shows by itself: were it drawn anew, an
open editor would close."""
FOLLOW = JsCode("""function(event) {
  let current = null;
  event.api.forEachNode(node => { if (node.data && node.data._current) current = node; });
  document.querySelectorAll('.current-row').forEach(row => row.classList.remove('current-row'));
  if (!current) return;
  document.querySelectorAll('[row-id="' + current.id + '"]').forEach(row => row.classList.add('current-row'));
  if (window.gridCurrent !== current.id) event.api.ensureNodeVisible(current);
  window.gridCurrent = current.id;
}""")
START = JsCode("""function(event) {
  const saved = window.localStorage.getItem('synthgen.columns');
  if (saved) event.api.applyColumnState({state: JSON.parse(saved), applyOrder: true});
  document.addEventListener('keydown', key => {
    if (event.api.getEditingCells().length || key.target.matches('input:not([type=checkbox]), textarea')) return;
    if (key.key.length === 1 && key.key !== ' ' && !key.ctrlKey && !key.metaKey && !key.altKey)
      window.parent.document.dispatchEvent(new KeyboardEvent('keydown', {key: key.key, shiftKey: key.shiftKey}));
  });
}""")
"""Columns stand as this browser's user left them; letters are keys of the page."""
KEEP_COLUMNS = JsCode("""function(event) {
  if (!event.finished || event.source === 'api') return;
  const state = event.api.getColumnState().map(column => ({colId: column.colId, width: column.width}));
  window.localStorage.setItem('synthgen.columns', JSON.stringify(state));
}""")
IGNORE_LETTERS = JsCode("""function(cell) {
  if (cell.editing) return false;
  const key = cell.event;
  return key.key === 'Delete' || key.key === 'Backspace' || (key.key.length === 1 && key.key !== ' ' && !key.ctrlKey);
}""")
"""They neither begin an edit nor empty a cell: Enter, F2 or a double click do."""
TOOLTIP = JsCode("""p => (p.data && p.colDef.editable && (p.data._fixed || '').split(',').includes(p.colDef.field))
  ? [p.value, '(To be edited in the example itself: it is long, or not one plain text.)'].filter(Boolean).join(' ')
  : p.value""")
"""The whole text; where its cell cannot be edited, why."""
IS_EDITABLE = JsCode("p => !(p.data._fixed || '').split(',').includes(p.colDef.field)")
HEAT = JsCode("""p => p.value == null ? null : {textAlign: 'center', fontWeight: 600,
  backgroundColor: 'hsla(' + Math.round(12 * p.value) + ', 75%, 50%, .22)'}""")
"""0 is red, 10 is green."""
VERDICTS = JsCode("""p => ({fontWeight: 600, color: {accept: '#16a34a', reject: '#dc2626', disputed: '#d97706',
  removed: '#dc2626'}[p.value] || '#8790a5'})""")
STYLES = {"heat": HEAT, "verdict": VERDICTS}


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the grid."""

    name: str
    """Of the value in the rows."""
    title: str
    width: int
    """Pixels."""
    style: str = ""
    """A key of ``STYLES``."""
    editor: str = ""
    """“text”, “number” or “choice”; empty: its cells cannot be edited."""
    choices: tuple[str, ...] = ()
    is_pinned: bool = False


def draw_grid(
    rows: Sequence[Mapping[str, Any]], columns: Sequence[Column], *, key: str, height: int, theme: str
) -> None:
    """Draw the rows, each with an ``id``. What is done in the grid is the session state's value for ``key``:
    ``{"nonce", "log", "ticked"}`` with a log as in ``events`` of ``edit`` (row, column, before, after) and ``focus``.
    """
    names = ["id", CURRENT, FIXED, *(column.name for column in columns)]
    frame = pd.DataFrame([{name: row[name] for name in names} for row in rows], columns=names)
    frame["id"] = frame["id"].astype(str)
    options = {
        "columnDefs": [_definition(column) for column in columns],
        "defaultColDef": {"sortable": False, "suppressHeaderMenuButton": True, "resizable": True,
                          "suppressKeyboardEvent": IGNORE_LETTERS, "tooltipValueGetter": TOOLTIP},
        "getRowId": JsCode("p => p.data.id"),
        "rowClassRules": {"current-row": "data && data._current"},
        "rowSelection": {"mode": "multiRow", "checkboxes": True, "headerCheckbox": True, "enableClickSelection": False},
        "selectionColumnDef": {"width": 36, "pinned": "left", "resizable": False},
        "rowHeight": 34, "headerHeight": 36, "rowBuffer": 200, "animateRows": False,
        "stopEditingWhenCellsLoseFocus": True, "tooltipShowDelay": 600, "suppressMovableColumns": False,
        "onGridReady": START, "onFirstDataRendered": FOLLOW, "onRowDataUpdated": FOLLOW,
        "onColumnMoved": KEEP_COLUMNS, "onColumnResized": KEEP_COLUMNS,
    }  # fmt: skip
    AgGrid(
        frame,
        key=key,
        height=height,
        theme=_theme(theme),
        gridOptions=without_code(options),
        allow_unsafe_jscode=True,
        server_sync_strategy="server_wins",
        data_return_mode=DataReturnMode.CUSTOM,
        custom_jscode_for_grid_return=RETURN,
        should_grid_return=SHOULD_RETURN,
        update_on=["cellValueChanged", "selectionChanged", ("cellFocused", 80)],
        custom_css=_css(theme),
    )


def without_code(options: Any) -> Any:
    """The options, where no string is taken for code: only ours, which is marked by its type."""
    if isinstance(options, str):
        while CODE_MARK in options:  # taking one out can join two halves of another
            options = options.replace(CODE_MARK, "")
        return options
    if isinstance(options, Mapping):
        return {without_code(name): without_code(value) for name, value in options.items()}
    return [without_code(value) for value in options] if isinstance(options, list | tuple) else options


def _definition(column: Column) -> dict[str, Any]:
    shown: dict[str, Any] = {"field": column.name, "headerName": column.title, "width": column.width}
    if column.style:
        shown["cellStyle"] = STYLES[column.style]
    if column.is_pinned:
        shown["pinned"] = "left"
    if column.editor:
        shown |= {"editable": IS_EDITABLE, "headerTooltip": "Double click, or Enter, to edit"}
    if column.editor == "text":
        shown |= {"cellEditor": "agLargeTextCellEditor", "cellEditorPopup": True,
                  "cellEditorParams": {"maxLength": 100_000, "rows": 8, "cols": 60}}  # fmt: skip
    elif column.editor == "number":
        shown |= {"cellEditor": "agNumberCellEditor", "cellEditorParams": {"min": 0, "max": 10}}
    elif column.editor == "choice":
        shown |= {"cellEditor": "agSelectCellEditor", "cellEditorParams": {"values": list(column.choices)}}
    return shown


def _theme(kind: str) -> StAggridTheme:
    """The app's own colours."""

    def colour(name: str) -> str:
        return str(st.get_option(f"theme.{kind}.{name}"))

    return StAggridTheme(base="quartz").withParams(
        accentColor=colour("primaryColor"),
        backgroundColor=colour("backgroundColor"),
        foregroundColor=colour("textColor"),
        borderColor=colour("borderColor"),
        headerBackgroundColor=colour("secondaryBackgroundColor"),
        browserColorScheme=kind,
        fontFamily="Inter, sans-serif",
        fontSize=13,
        cellHorizontalPadding=10,
    )


def _css(kind: str) -> dict[str, dict[str, str]]:
    return {
        "@font-face": {"font-family": "Inter", "src": "url(../../app/static/inter.woff2)", "font-weight": "100 900"},
        "body": {"background-color": str(st.get_option(f"theme.{kind}.backgroundColor"))},
        ".current-row": {"background-color": "rgba(99, 102, 241, .18) !important"},
        ".current-row .ag-cell:first-child": {"box-shadow": "inset 3px 0 #6366f1"},
        ".ag-cell": {"unicode-bidi": "plaintext"},
        "#gridContainer": {"height": "100vh !important"},
    }
