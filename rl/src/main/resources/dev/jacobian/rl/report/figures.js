// SPDX-License-Identifier: Apache-2.0
//
// Draws the line charts of a page of figures from the JSON in the element "data", an array of {id, x, y, lines: [{name, points}]}.
// Names reach the page through Chart.js, which paints them on a canvas.
'use strict';
(() => {
  const colours = ['#2f5bd0', '#c2571a', '#0b7f74', '#8a3fb0', '#a3122f', '#5b6b1f'];
  for (const chart of JSON.parse(document.getElementById('data').textContent)) {
    new Chart(document.getElementById(chart.id), {
      type: 'line',
      data: {
        datasets: chart.lines.map((line, i) => ({
          label: line.name,
          data: line.points.map(([x, y]) => ({ x, y })),
          borderColor: colours[i % colours.length],
          backgroundColor: colours[i % colours.length],
          borderWidth: 1.8,
          pointRadius: line.points.length > 24 ? 0 : 3,
          spanGaps: true,
        })),
      },
      options: {
        animation: false,
        maintainAspectRatio: false,
        scales: {
          x: { type: 'linear', title: { display: true, text: chart.x } },
          y: { title: { display: true, text: chart.y } },
        },
      },
    });
  }
})();
