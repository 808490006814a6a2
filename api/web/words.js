// What the page says, in both of its languages. Names of assets and messages of alerts come from the API.

import { ALERT_WORDS } from "./alertwords.js";

const WORDS = {
  ...ALERT_WORDS,

  "language.other": ["中文", "English"],
  "language.switch": ["切换到中文", "Switch to English"],

  "state.producing": ["Producing", "生产"],
  "state.idle": ["Idle", "空闲"],
  "state.setup": ["Setup", "调试"],
  "state.planned_stop": ["Planned stop", "计划停机"],
  "state.unplanned_stop": ["Unplanned stop", "非计划停机"],
  "state.off": ["Off", "关机"],
  "state.unknown": ["Unknown", "未知"],

  "day.previous": ["Day before", "前一天"],
  "day.next": ["Day after", "后一天"],
  "day.choose": ["Day shown", "显示日期"],
  "day.latest": ["Latest", "最新"],
  "until.label": ["Data until", "数据截至"],
  "until.none": ["No data yet", "尚无数据"],
  "until.live": ["live", "实时"],
  "until.behind": ["behind by {0}", "滞后 {0}"],
  "until.recorded": ["recorded data", "历史数据"],

  "tile.utilisation": ["Utilisation of the park", "园区设备利用率"],
  "tile.utilisation.note": ["producing in planned time", "计划时间内的生产占比"],
  "tile.coverage": ["Data coverage", "数据覆盖率"],
  "tile.coverage.note": ["of planned time with a known state", "计划时间内状态已知的占比"],
  "tile.sources": ["Data sources", "数据源"],
  "tile.sources.well": ["all links are well", "连接全部正常"],
  "tile.sources.ill": ["{0} to look at", "{0} 个需要处理"],
  "unread": ["not read yet", "尚未读取"],
  "tile.none": ["no data for this day", "当日无数据"],
  "tile.parts": ["this key shows single factories, not the whole", "此密钥仅可查看部分工厂，无整体数据"],

  "overview.title": ["Utilisation by machine", "各设备利用率"],
  "overview.asset": ["Asset", "资产"],
  "overview.times": ["Planned time by state", "计划时间的状态构成"],
  "overview.utilisation": ["Utilisation", "利用率"],
  "overview.coverage": ["Coverage", "覆盖率"],
  "overview.unplanned": ["nothing planned", "无生产计划"],
  "overview.nostate": ["no state signal", "无状态信号"],
  "overview.nodata": ["no data", "无数据"],

  "figure.utilisation": ["Utilisation", "利用率"],
  "figure.utilisation.full": ["Producing in planned time", "计划时间内的生产占比"],
  "figure.oee": ["OEE", "OEE"],
  "figure.oee.full": ["Overall equipment effectiveness: availability × effectiveness × quality", "设备综合效率：可用率 × 性能效率 × 合格率"],
  "figure.availability": ["Availability", "可用率"],
  "figure.availability.full": ["Producing in planned busy time", "计划开动时间内的生产占比"],
  "figure.effectiveness": ["Effectiveness", "性能效率"],
  "figure.effectiveness.full": ["Parts made at ideal cycles, of the time in which they were made", "产量按理想节拍所需时间与实际生产时间之比"],
  "figure.quality_ratio": ["Quality", "合格率"],
  "figure.quality_ratio.full": ["Good parts of all parts", "合格品占总产量的比例"],
  "restated": ["restated", "已更正"],
  "restated.why": ["version {0}, computed {1}: {2}", "第 {0} 版，{1} 计算：{2}"],
  "list.comma": [", ", "、"],

  "machine.choose": ["Choose a machine on the left.", "请在左侧选择设备。"],
  "machine.timeline": ["States of the day", "当日状态时间轴"],
  "machine.hint": ["Point at the bar, or use the arrow keys, to read a span.", "将指针移到色条上，或用方向键，查看各时段。"],
  "machine.hourly": ["Utilisation by hour", "逐小时利用率"],
  "machine.hourly.note": ["share of planned time", "占计划时间的比例"],
  "machine.times": ["Time in each state", "各状态时长"],
  "machine.nospans": ["Nothing is known about this machine on this day.", "该设备当日无状态数据。"],
  "machine.nohours": ["No hourly results for this day yet.", "当日尚无逐小时结果。"],
  "machine.last": ["Last known state", "最近状态"],
  "machine.since": ["since {0}", "自 {0} 起"],
  "machine.until": ["known until {0}", "数据至 {0}"],

  "sources.title": ["Data sources", "数据源"],
  "sources.name": ["Source", "数据源"],
  "sources.link": ["Link", "连接"],
  "sources.last": ["Last sample", "最近样本"],
  "sources.samples": ["Samples", "样本数"],
  "sources.refusals": ["Refused", "拒收"],
  "sources.do": ["What to do", "处理建议"],
  "sources.none": ["No source is configured.", "未配置数据源。"],
  "source.up": ["Up", "正常"],
  "source.held": ["Held back", "暂缓"],
  "source.down": ["Down", "中断"],
  "source.refused": ["Refused", "被拒绝"],
  "source.ended": ["Read to its end", "已读完"],
  "source.unseen": ["Not started", "未启动"],
  "source.stale": ["Not reported", "无上报"],
  "do.up": ["Nothing to do.", "无需处理。"],
  "do.refusals": [
    "Some inputs were refused: see the dead letters for the reasons.",
    "有输入被拒收：请查看死信记录中的原因。",
  ],
  "do.held": [
    "The link is open, but nothing can be stored safely now: see that the disk has room. Samples wait at the machine.",
    "连接正常，但目前无法安全保存数据：请检查磁盘空间。样本在设备侧等待。",
  ],
  "do.down": [
    "parkline tries again by itself. If it lasts: check the machine's power, the network cable and the address.",
    "系统正在自动重连。若持续中断，请检查设备电源、网线和地址。",
  ],
  "do.refused": [
    "The machine refuses the link: an engineer must mend user, password or certificate.",
    "设备拒绝连接：请工程师检查用户名、密码或证书。",
  ],
  "do.ended": ["Nothing to do: a recorded file, read to its end.", "无需处理：录制文件已读完。"],
  "do.unseen": [
    "The collector has not run with this source yet: start `parkline run`.",
    "采集程序尚未运行该数据源：请启动 `parkline run`。",
  ],
  "do.stale": [
    "The collector itself does not report: see that `parkline run` is running.",
    "采集程序无上报：请检查 `parkline run` 是否在运行。",
  ],

  "gaps.title": ["Where data may be missing", "可能缺失的数据"],
  "gaps.none": ["No gaps on this day.", "当日无数据缺口。"],
  "gaps.source": ["Source", "数据源"],
  "gaps.from": ["From", "开始"],
  "gaps.to": ["To", "结束"],
  "gaps.lasted": ["Length", "时长"],
  "gaps.cause": ["Cause", "原因"],
  "gaps.state": ["Data", "数据"],
  "gap.open": ["may be missing", "可能缺失"],
  "gap.filled": ["filled later", "已补齐"],
  "gap.unfillable": ["cannot be filled", "无法补齐"],
  "gaps.more": ["{0} and {1} more", "{0} 等另外 {1} 个信号"],
  "gap.kind.outage": ["Link lost", "连接中断"],
  "gap.kind.stopped": ["Collector not running", "采集程序未运行"],
  "gap.kind.overflow": ["Queue overflowed", "队列溢出"],
  "gap.kind.sequence": ["Messages skipped", "消息丢失"],
  "gap.kind.rejected": ["Refused by the store", "存储拒收"],
  "gap.kind.dropped": ["Dropped: the spool was full", "缓存已满，数据被丢弃"],
  "gap.kind.damaged": ["Cannot be read", "数据损坏"],
  "gap.by.redelivery": ["sent again", "由发送方重发"],
  "gap.by.rebirth": ["told anew by the node", "由节点重新上报"],
  "gap.by.history": ["from the source's history", "由数据源历史补齐"],
  "gap.by.recording": ["from a recorded file", "由录制文件补齐"],
  "gap.by.letters": ["from dead letters that were replayed", "由重放的死信补齐"],
  "gap.by.counted": ["{0}: {1} samples", "{0}，{1} 个样本"],
  "gaps.lasting": ["lasts", "持续中"],

  "key.title": ["An API key is needed", "需要 API 密钥"],
  "key.why": [
    "This park shows its data to those who hold a key. An administrator makes one with `parkline key create NAME`.",
    "查看本园区数据需要密钥。管理员可用 `parkline key create NAME` 创建。",
  ],
  "key.label": ["Key", "密钥"],
  "key.kept": ["It is kept in this tab only and forgotten when the tab is closed.", "密钥仅保存在此标签页中，关闭后即清除。"],
  "key.use": ["Show the park", "查看园区"],
  "key.wrong": ["The key was not accepted: {0}", "密钥无效：{0}"],
  "key.forget": ["Forget the key", "清除密钥"],

  "notice.offline": ["The API does not answer. Shown is what was known at {0}; trying again.", "API 无响应。显示的是 {0} 的数据，正在重试。"],
  "notice.fault": ["The page has a fault: {0}. Shown is what was known at {1}; trying again.", "页面出错：{0}。显示的是 {1} 的数据，正在重试。"],
  "notice.loading": ["Reading the park …", "正在读取园区数据……"],

  "unit.d": ["{0} d", "{0} 天"],
  "unit.h": ["{0} h", "{0} 小时"],
  "unit.min": ["{0} min", "{0} 分"],
  "unit.s": ["{0} s", "{0} 秒"],
};

const KEPT = "parkline.language";

let current = localStorage.getItem(KEPT) ?? preferred();

function preferred() {
  const known = (navigator.languages ?? []).map((tag) => tag.toLowerCase().split("-")[0]);
  return known.find((tag) => tag === "zh" || tag === "en") ?? "en";
}

/** The language in use: `zh` or `en`. */
export function language() {
  return current === "zh" ? "zh" : "en";
}

/** The tag of the language in use, for `lang` and for `Intl`. */
export function locale() {
  return language() === "zh" ? "zh-CN" : "en-GB";
}

/** Use the other language, and remember it. */
export function switchLanguage() {
  current = language() === "zh" ? "en" : "zh";
  localStorage.setItem(KEPT, current);
}

/** Say `key`, with `values` in its braces. */
export function say(key, ...values) {
  const text = WORDS[key]?.[language() === "zh" ? 1 : 0] ?? key;
  return text.replace(/\{(\d)\}/g, (_, index) => values[Number(index)]);
}

/** Choose between the titles that the API gave. */
export function titled(title) {
  return title[language()];
}
