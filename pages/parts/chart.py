"""A Plotly chart that is updated in place.

`st.plotly_chart` throws its chart away at every change of the data, and with it the reader's zoom
and hover. This component keeps one chart and gives it new data with `Plotly.react`; `uirevision`
makes Plotly keep what the reader has changed for as long as it is the same.
"""

from __future__ import annotations

from pathlib import Path

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

export default function (component) {
  const { data, parentElement } = component;
  const chart = parentElement.querySelector(".chart");
  const loading = plotly(data.url);           // also before there is anything to draw
  if (!data.figure) return;
  chart.latest = data.figure;
  chart.setAttribute("aria-label", data.label);
  loading.then((Plotly) => {
    if (chart.latest !== data.figure) return; // a newer figure has come meanwhile
    const { data: traces, layout } = JSON.parse(data.figure);
    const style = getComputedStyle(chart);
    layout.font = { color: style.color, family: style.fontFamily, size: 13 };
    chart.style.minHeight = layout.height + "px";
    Plotly.react(chart, traces, layout, CONFIG);
  }).catch((error) => { chart.textContent = "No chart: " + error.message + ". Reload the page."; });
}
"""

_CSS = """
.chart { width: 100%; color: var(--st-text-color); font-family: var(--st-font); }
"""

_component = st.components.v2.component(
    "lab_chart", html='<div class="chart" role="img"></div>', css=_CSS, js=_JS, isolate_styles=False
)


def chart(figure: go.Figure | None, *, key: str, revision: str = "", label: str = "") -> None:
    """Show `figure` in place of what the chart `key` showed before.

    Zoom and pan stay while `revision` stays. `label` is what a screen reader says for the picture.
    Without a figure, only Plotly's script is fetched, so that the first one appears at once.
    """
    content = None
    if figure is not None:
        figure.layout.uirevision = revision
        content = figure.to_json()
    _component(key=key, data={"url": PLOTLY_URL, "figure": content, "label": label})
