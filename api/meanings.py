"""What the fields of datasets mean, in Chinese: `api.datasets` has the English from the models, and the test of both.

By the model of the rows, and by field. Values and names of fields stay as they are answered.
"""

from collections.abc import Mapping
from typing import Final

from api.views.alerts import AlertView
from api.views.capacity import SpareView
from api.views.faults import IndicatorView
from api.views.gaps import GapView
from api.views.health_scores import HealthScoreView
from api.views.kpis import ResultView
from api.views.losses import LossPartView
from api.views.open_data import OpenRowView
from api.views.samples import SampleView
from api.views.shape import View
from api.views.sources import SourceView
from api.views.states import MachineSpanView

MEANINGS: Final[Mapping[type[View], Mapping[str, str]]] = {
    AlertView: {
        "id": "稳定编号：同一原因无论计算多少次，编号都相同。",
        "equipment": "相关设备的路径；涉及链路或产线网络时为产线路径；"
        "不属于任何设备时（采集器、跨产线的网络、通知渠道、检测器）为园区编号。",
        "signal": "观察到异常的信号的路径；由多个信号共同反映时为设备路径；与信号无关时为 "
        "`source:NAME`、`network:PATH`、`collector`、`channel:NAME` 或 `detector:SLUG`。",
        "detector": "由什么发现：检测器的标识，例如 `limit` 或 `condition`。",
        "detector_title": "所发现情况的名称。",
        "severity": "最近一次发生的优先级：需要多快处理。",
        "priority": "历次发生中的最高优先级；列表按它筛选。",
        "message": "发生了什么，中英文。",
        "value": "引发最近一次发生的数值（文本）；对状态类告警为设备的原始报文。",
        "began": "首次发生的原因开始的时间，按设备时钟。",
        "occurred": "最近一次发生的原因开始的时间，按设备时钟。",
        "ended": "最近一次发生的原因消失的时间；仍在持续时为空。",
        "active": "原因是否仍在持续。",
        "count": "发生的次数。",
        "chattering": "是否曾在一分钟内开始过三次。",
        "state": "当前状态（ISA-18.2）。",
        "raised": "首次被发现的时间。",
        "changed": "状态最近一次改变的时间。",
        "acknowledged": "确认的时间；未确认时为空。",
        "person": "确认人；无人确认时为空文本。",
        "shelved_until": "搁置到何时；未搁置时为空。",
        "suppressed_by": "被什么按设计抑制：另一告警的编号、`machine_runs` 或 `line_runs`；"
        "`park` 表示调用者无权查看的告警；空文本：未被抑制。",
        "group": "同一设备同时触发的一组告警中第一个的编号；自身即第一个时为自身编号。",
        "contributions": "共同反映该异常的各信号，贡献最大的在前；由单个信号反映时为空。",
    },
    SpareView: {
        "name": "班次名称。",
        "start": "班次开始的时间；正在进行的班次为当前时间。",
        "end": "班次结束的时间。",
        "planned_s": "计划工作时间，秒（产线为各设备秒数之和）。",
        "maintenance_s": "其中计划维护占用的时间，秒。",
        "typical_busy_s": "此类班次通常的占用时间（生产和调试），秒，取过去八周的中位数；历史不足时为空。",
        "typical_stops_s": "此类班次通常因非计划停机和短停损失的时间，秒。",
        "idle_s": "通常的空闲时间，秒：计划 - 维护 - 占用 - 停机。",
        "idle_safe_s": "四分之三的此类班次能空出的时间，秒：下四分位数。",
        "based_on": "统计所依据的过去班次数，至少 4 个。",
        "coverage": "这些班次的计划时间中状态已知的比例，0 到 1。",
        "note": "数值为空或不完整的原因；空文本：无说明。",
        "path": "设备，或产线（此时为其设备之和）；对设备类别为空。",
        "equipment_class": "设备类别；对产线为空；未配置时为空文本。",
        "machines": "汇总的设备台数。",
    },
    HealthScoreView: {
        "equipment": "设备路径。",
        "title": "设备名称。",
        "score": "健康分，0 到 100：100 表示一切已知均良好，0 表示最差；空：已无任何已知信息。",
        "at": "分数最近一次改变的时间。",
        "parts": "分数的构成，扣分最多的在前；扣分之和等于 100 减去分数。",
    },
    GapView: {
        "id": "记录中的编号。",
        "source": "数据源名称。",
        "signals": "涉及的信号路径（仅限调用者可见者）；空：该数据源的全部信号。",
        "start": "可能缺失数据的最早时刻。",
        "end": "恢复已知的最早时刻；仍在持续时为空。",
        "cause": "发生了什么，文字说明。",
        "kind": "类别：`outage`（链路中断）、`stopped`（采集器未运行）、`overflow`（发送方队列溢出）、"
        "`sequence`（报文丢失）、`rejected`（存储拒收）、`dropped`（由人从缓冲中丢弃）或 `damaged`（无法读取）。",
        "state": "`open`：可能仍缺样本；`filled`：后来已补齐并存储；`unfillable`：数据源无法再提供。",
        "filled_by": "由什么补齐：`redelivery`（发送方重发）、`rebirth`（Sparkplug 节点重新上报）、"
        "`history`（数据源的历史）、`recording`（文件）或 `letters`（重放的死信）；尚未补齐时为空。",
        "samples": "补齐的样本数；0：期间没有变化；未计数或含调用者不可见的信号时为空。",
        "resolved": "判定为已补齐或无法补齐的时间；未决时为空。",
        "reason": "无法补齐的原因；其他情况为空文本。",
        "part_of": "所属缺口的编号：部分补齐时缺口被切分；空：完整的缺口。",
    },
    IndicatorView: {
        "equipment": "设备路径。",
        "detector": "由什么计算：检测器的标识。",
        "subject": "计算所用信号的路径；由多个信号计算时为设备路径。",
        "subject_title": "其名称。",
        "name": "检测器的哪个数值，例如 `high` 或 `t2`。",
        "value": "数值，以标准差或检测器自身的单位计；须与 `limit` 对照来看。",
        "limit": "达到它即告警，与数值同单位，大于 0。",
        "ratio": "距告警限值的远近，自 0 起的比值：`value / limit`；1 为达到限值，大于 1 为超限。",
        "at": "数值所属的时刻，按设备时钟。",
        "heard": "检测器最近一次给出它的时间；一天未更新的不列出。",
    },
    ResultView: {
        "path": "`factory[/line[/equipment]]`，或园区编号。",
        "period": "时间窗类型：工厂当地的小时、班次、日、周（ISO 8601，自周一起）或月；园区按其第一家工厂的时区。",
        "name": "班次名称；周为 `2026-W10`，月为 `2026-03`；小时和日为空文本。",
        "start": "时间窗的开始。",
        "end": "时间窗的结束，或已知数据的截止；周和月为最后一个有结果的日的结束。",
        "kpi": "哪个指标：指标目录中的标识；`loss:<loss>/<reason>` 为某项损失因某原因占用的秒数（原因为空：无人说明）；"
        "`stops:<loss>/<reason>` 为时间窗内开始的此类停机次数。",
        "value": "数值，单位见 `unit`；无定义时为空，`note` 说明原因。",
        "unit": "数值的 UCUM 单位：`s`、比率和件数为 `1`……；已不在目录中的指标为空。",
        "coverage": "计划时间中状态已知的比例，0 到 1；无计划时为空。",
        "computed": "计算的时间；周和月取其各日中最新的。",
        "version": "该时间窗被公布的次数，自 1 起：结束后数值有变则再次公布；周和月为 1 加各日被更正的次数。",
        "reason": "再次公布的原因：`late samples`、`gap filled`、`gap`、`calendar changed`、`map changed`、"
        "`stop reason changed`、`recomputed` 或其中几项；首次公布时为空文本。",
        "note": "数值为空的原因及应配置什么，或有何异常；空文本：无说明。",
        "inputs": "计算所用的输入：同一时间窗账目的各列；仅在 `include=inputs` 时给出。",
    },
    LossPartView: {
        "path": "`factory[/line[/equipment]]`，或园区编号。",
        "period": "时间窗类型：工厂当地的小时、班次、日、周（ISO 8601）或月。",
        "name": "班次名称；周为 `2026-W10`，月为 `2026-03`；小时和日为空文本。",
        "start": "时间窗的开始。",
        "end": "时间窗的结束，或已知数据的截止。",
        "loss": "损失于何处；`productive`：以理想速度生产合格品；`unjudged`：无法判断质量的生产。",
        "reason": "停机原因，由信号、告警或人员给出；无人说明时为空文本；不分原因的损失为空。",
        "seconds": "时长，秒；设备以上层级为各设备秒数之和。未占用时间的部分不列出。",
        "share": "占时间窗日历时间的比例，0 到 1。",
        "times": "时间窗内开始的此类停机次数；未计数或不分原因时为空。",
        "version": "该时间窗被公布的次数，自 1 起；周和月为 1 加各日被更正的次数。",
        "computed": "计算的时间；周和月取其各日中最新的。",
    },
    SampleView: {
        "time": "源时间：设备给出的发生时间；RFC 3339，UTC，最细到纳秒。",
        "value": "数值，类型和单位见信号（资产树）；无值时为空。整数精确：以双精度读取的客户端会丢失 2^53 以上的位数。",
        "quality": "`status` 的严重程度。",
        "status": "OPC UA 状态码（OPC 10000-4，7.39）；0 为 Good。",
        "received": "parkline 收到的时间；RFC 3339，UTC。",
    },
    SourceView: {
        "name": "名称，在园区内唯一。",
        "kind": "所用协议。",
        "line": "所属产线的路径。",
        "state": "`up`：正常；`held`：已连接，但样本暂时无法落盘；`down`：采集器正在重试；`refused`：需人工处理；"
        "`ended`：录制文件已读完；`unseen`：采集器尚未以它运行。",
        "stale": "采集器是否已停止更新它：此时 `state` 为过去的状态。",
        "problem": "为何受阻、中断或被拒，以及如何处理；正常时为空文本。",
        "since": "自何时起连通，或自何时起不通。",
        "seen": "采集器最近一次更新它的时间。",
        "last_time": "已送达的最大源时间，按设备时钟。",
        "last_received": "该样本到达的时间。",
        "horizon": "按设备时钟，其最后的数值到何时为止仍然有效。",
        "samples": "自建立记录以来已落盘的样本数。若数据源还承载调用者不可见的工厂的信号，则此项及以下三项计数为空。",
        "refusals": "自建立记录以来无法成为样本的输入数。",
        "duplicates": "重复已知内容的样本数（仅限仍在内存中可比对者）；它们未改变任何数据。",
        "conflicts": "对同一时刻给出不同内容的样本数（仅限仍在内存中可比对者）。",
        "last_conflict": "其中最近的一个；没有或属于调用者不可见的信号时为空。",
        "signals": "其上配置的、调用者可见的工厂的信号数。",
    },
    MachineSpanView: {
        "path": "设备路径。",
        "start": "状态开始的时间，或所查时间窗的开始。",
        "end": "状态结束的时间、所查时间窗的结束，或已知数据的截止。",
        "state": "设备当时的状态。",
        "raw": "设备自身对该状态的表述，由其状态信号报告；没有有效报告时为空。",
    },
    OpenRowView: {
        "group": "设备类别、化名，或表示整个园区的 `all`。",
        "period": "汇总的周期。",
        "name": "周期名称：2026-03-02、2026-W10 或 2026-03。删去它的视图中没有。",
        "start": "首日，按各工厂当地日期。",
        "end": "末日的次日。",
        "kpi": "哪个指标。",
        "value": "数值，单位见 `unit`；被隐去或无定义时为空。",
        "unit": "数值的 UCUM 单位。删去它的视图中没有。",
        "coverage": "计划时间中状态已知的比例，0 到 1；被隐去时以及对告警和产能为空。删去它的视图中没有。",
        "suppressed": "是否隐去：涉及的数量过少，或没有可说的内容。",
    },
}
"""What each field means, by the model of its row."""
