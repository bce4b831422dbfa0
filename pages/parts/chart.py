"""A Plotly chart that is updated in place.

`st.plotly_chart` throws its chart away at every change of the data, and with it the reader's zoom
and hover. This component keeps one chart and gives it new data with `Plotly.react`.

While `uirevision` is the same, Plotly keeps what the reader has changed. Except for a range that
the app has changed as well, as a growing time axis does at every refresh: so the component
remembers the reader's range itself, until a double click lets it go.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import plotly
import plotly.graph_objects as go
import streamlit as st

PLOTLY_JS = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
PLOTLY_URL = f"/lab/plotly-{plotly.__version__}.min.js"

_JS = """
function plotly(url) {
  window.labPlotly ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = url;
    script.onload = () => resolve(window.Plotly);
    script.onerror = () => reject(new Error("the chart library did not load"));
    document.head.append(script);
  });
  return window.labPlotly;
}

const CONFIG = {
  displaylogo: false, responsive: true,
  modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"],
};

function draw(chart) {
  if (!window.Plotly || !chart.latest) return;  // a click may come before the library
  if (chart.pressed) return;                    // never under the reader's hand
  const { data, layout } = JSON.parse(chart.latest);
  chart.latest = null;
  const style = getComputedStyle(chart);
  if (chart.revision !== layout.uirevision) chart.range = null;
  chart.revision = layout.uirevision;
  if (chart.range) layout.xaxis.range = chart.range;
  for (const trace of data) if (trace.meta?.themed) trace.textfont.color = style.color;
  layout.modebar = { bgcolor: "rgba(0,0,0,0)", color: style.color, activecolor: style.color };
  layout.font = { color: style.color, family: style.fontFamily, size: 13 };
  chart.style.minHeight = layout.height + "px";
  if (layout.meta?.minWidth) chart.style.minWidth = layout.meta.minWidth + "px";
  const first = !chart._fullLayout;
  window.Plotly.react(chart, data, layout, CONFIG);
  if (first) remember(chart);
}

function remember(chart) {
  chart.on("plotly_relayout", (change) => {
    if ("xaxis.range[0]" in change) chart.range = [change["xaxis.range[0]"], change["xaxis.range[1]"]];
  });
  chart.on("plotly_click", ({ points }) => { chart.clicked(points[0].customdata); });
  chart.on("plotly_doubleclick", () => { chart.range = null; });
}

export default function (component) {
  const { data, parentElement, setStateValue } = component;
  const chart = parentElement.querySelector(".chart");
  if (!data.figure) {                          // get ready while the reader reads
    setTimeout(plotly, 2000, data.url);
    return;
  }
  const loading = plotly(data.url);
  if (chart.pressed === undefined) {
    chart.pressed = false;
    chart.addEventListener("pointerdown", () => { chart.pressed = true; }, true);
    window.addEventListener("pointerup", () => { chart.pressed = false; setTimeout(draw, 50, chart); });
  }
  chart.clicked = (what) => { if (data.clicks) setStateValue("clicked", what); };
  chart.latest = data.figure;
  chart.setAttribute("aria-label", data.label);
  loading.then(() => draw(chart)).catch(
    (error) => { chart.textContent = "No chart: " + error.message + ". Reload the page."; });
}
"""

_CSS = """
:has(> .chart) { overflow-x: auto; }
.chart { width: 100%; color: var(--st-text-color); font-family: var(--st-font); }
"""

_component = st.components.v2.component(
    "lab_chart", html='<div class="chart" role="img"></div>', css=_CSS, js=_JS, isolate_styles=False
)


def chart(figure: go.Figure | None, *, key: str, revision: str = "", label: str = "", clicks: bool = False) -> Any:
    """Show `figure` in place of what the chart `key` showed before.

    Zoom and pan stay while `revision` stays. `label` is what a screen reader says for the picture.
    Without a figure, only Plotly's script is fetched, so that the first one appears at once.
    With `clicks`, returns the customdata of the point that was clicked last, or None.
    """
    content = None
    if figure is not None:
        figure.layout.uirevision = revision
        content = figure.to_json()
    data = {"url": PLOTLY_URL, "figure": content, "label": label, "clicks": clicks}
    return _component(key=key, data=data, on_clicked_change=lambda: None).clicked
