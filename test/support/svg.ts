/** Charts as SVG, drawn by Apache ECharts without a browser. */
import { type EChartsCoreOption, init } from 'echarts';

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** One `<svg>` of that size in pixels. Widths of texts are estimated, since no font is at hand. */
export function drawSvg(option: EChartsCoreOption, { width, height }: Size): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width, height });
  try {
    chart.setOption({ animation: false, useUTC: true, ...option });
    return chart.renderToSVGString();
  } finally {
    chart.dispose();
  }
}
