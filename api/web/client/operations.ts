// The operations of the API. Made from docs/openapi.json by `make contract`.

import { type Asked, call, open } from "./call.js";

/** Read what data there is. */
export const listCatalogue = (...asked: Asked<"listCatalogue">) => call<"listCatalogue">("GET", "/api/v1/catalogue", ...asked);

/** Read one dataset. */
export const readDataset = (...asked: Asked<"readDataset">) => call<"readDataset">("GET", "/api/v1/catalogue/{id}", ...asked);

/**
 * Read the asset tree.
 *
 * @deprecated /api/v1/parks
 */
export const listAssets = (...asked: Asked<"listAssets">) => call<"listAssets">("GET", "/api/v1/assets", ...asked);

/** Read how every source stands. */
export const listSources = (...asked: Asked<"listSources">) => call<"listSources">("GET", "/api/v1/sources", ...asked);

/** Read how one source stands. */
export const readSource = (...asked: Asked<"readSource">) => call<"readSource">("GET", "/api/v1/sources/{name}", ...asked);

/** Read the states of several machines. */
export const listStates = (...asked: Asked<"listStates">) => call<"listStates">("GET", "/api/v1/states", ...asked);

/** Read what machines do now. */
export const listCurrentStates = (...asked: Asked<"listCurrentStates">) => call<"listCurrentStates">("GET", "/api/v1/states/current", ...asked);

/** Read the states of a machine. */
export const listEquipmentStates = (...asked: Asked<"listEquipmentStates">) => call<"listEquipmentStates">("GET", "/api/v1/equipment/{path}/states", ...asked);

/** Explain the numbers of a window. */
export const readExplanation = (...asked: Asked<"readExplanation">) => call<"readExplanation">("GET", "/api/v1/explanations", ...asked);

/**
 * Explain the numbers of a window.
 *
 * @deprecated /api/v1/explanations?path={path}
 */
export const explainEquipmentWindow = (...asked: Asked<"explainEquipmentWindow">) => call<"explainEquipmentWindow">("GET", "/api/v1/equipment/{path}/explanation", ...asked);

/** Read which stop reasons there are. */
export const listStopReasons = (...asked: Asked<"listStopReasons">) => call<"listStopReasons">("GET", "/api/v1/stop-reasons", ...asked);

/** Read what people said of a machine's stops. */
export const listEquipmentStopReasons = (...asked: Asked<"listEquipmentStopReasons">) => call<"listEquipmentStopReasons">("GET", "/api/v1/equipment/{path}/stop-reasons", ...asked);

/** Say why a machine stood. */
export const addEquipmentStopReason = (...asked: Asked<"addEquipmentStopReason">) => call<"addEquipmentStopReason">("POST", "/api/v1/equipment/{path}/stop-reasons", ...asked);

/** Take back what was said of a machine's stops. */
export const revokeEquipmentStopReason = (...asked: Asked<"revokeEquipmentStopReason">) => call<"revokeEquipmentStopReason">("DELETE", "/api/v1/equipment/{path}/stop-reasons/{id}", ...asked);

/** Read what is computed. */
export const listKpiCatalogue = (...asked: Asked<"listKpiCatalogue">) => call<"listKpiCatalogue">("GET", "/api/v1/kpis/catalogue", ...asked);

/** Read utilisation and other KPIs. */
export const listKpis = (...asked: Asked<"listKpis">) => call<"listKpis">("GET", "/api/v1/kpis", ...asked);

/** Read which KPIs were told otherwise before. */
export const listRestatements = (...asked: Asked<"listRestatements">) => call<"listRestatements">("GET", "/api/v1/kpis/restatements", ...asked);

/** Read where time went. */
export const listLosses = (...asked: Asked<"listLosses">) => call<"listLosses">("GET", "/api/v1/losses", ...asked);

/** Read a report: KPIs, losses and stops. */
export const readLosses = (...asked: Asked<"readLosses">) => call<"readLosses">("GET", "/api/v1/reports/losses", ...asked);

/**
 * Compare two periods.
 *
 * @deprecated /api/v1/comparisons
 */
export const readChange = (...asked: Asked<"readChange">) => call<"readChange">("GET", "/api/v1/reports/comparison", ...asked);

/** Read a report as a page. */
export const showReport = (...asked: Asked<"showReport">) => open<"showReport">("GET", "/api/v1/reports/page", ...asked);

/** Compare two periods. */
export const listComparisons = (...asked: Asked<"listComparisons">) => call<"listComparisons">("GET", "/api/v1/comparisons", ...asked);

/** Read what the coming shifts have to spare. */
export const listCapacity = (...asked: Asked<"listCapacity">) => call<"listCapacity">("GET", "/api/v1/capacity", ...asked);

/**
 * Read what the coming shifts have to spare.
 *
 * @deprecated /api/v1/capacity
 */
export const listIdleCapacity = (...asked: Asked<"listIdleCapacity">) => call<"listIdleCapacity">("GET", "/api/v1/idle-capacity", ...asked);

/** Measure how well alerts serve people. */
export const readAlertPerformance = (...asked: Asked<"readAlertPerformance">) => call<"readAlertPerformance">("GET", "/api/v1/alerts/performance", ...asked);

/** Read alerts. */
export const listAlerts = (...asked: Asked<"listAlerts">) => call<"listAlerts">("GET", "/api/v1/alerts", ...asked);

/** Read an alert and its history. */
export const readAlert = (...asked: Asked<"readAlert">) => call<"readAlert">("GET", "/api/v1/alerts/{alert}", ...asked);

/** Acknowledge an alert. */
export const acknowledgeAlert = (...asked: Asked<"acknowledgeAlert">) => call<"acknowledgeAlert">("POST", "/api/v1/alerts/{alert}/acknowledgement", ...asked);

/** Comment on an alert. */
export const commentOnAlert = (...asked: Asked<"commentOnAlert">) => call<"commentOnAlert">("POST", "/api/v1/alerts/{alert}/comments", ...asked);

/** Shelve an alert. */
export const shelveAlert = (...asked: Asked<"shelveAlert">) => call<"shelveAlert">("POST", "/api/v1/alerts/{alert}/shelving", ...asked);

/** Take an alert off the shelf. */
export const unshelveAlert = (...asked: Asked<"unshelveAlert">) => call<"unshelveAlert">("DELETE", "/api/v1/alerts/{alert}/shelving", ...asked);

/** Reset an alert that latches. */
export const resetAlert = (...asked: Asked<"resetAlert">) => call<"resetAlert">("POST", "/api/v1/alerts/{alert}/reset", ...asked);

/** Listen to what changes, or read it. */
export const listEvents = (...asked: Asked<"listEvents">) => call<"listEvents">("GET", "/api/v1/events", ...asked);

/** Read one's webhooks. */
export const listWebhooks = (...asked: Asked<"listWebhooks">) => call<"listWebhooks">("GET", "/api/v1/webhooks", ...asked);

/** Have events posted to an address. */
export const createWebhook = (...asked: Asked<"createWebhook">) => call<"createWebhook">("POST", "/api/v1/webhooks", ...asked);

/** Read one webhook. */
export const readWebhook = (...asked: Asked<"readWebhook">) => call<"readWebhook">("GET", "/api/v1/webhooks/{webhook}", ...asked);

/** Delete a webhook and its log. */
export const deleteWebhook = (...asked: Asked<"deleteWebhook">) => call<"deleteWebhook">("DELETE", "/api/v1/webhooks/{webhook}", ...asked);

/** Change a webhook. */
export const changeWebhook = (...asked: Asked<"changeWebhook">) => call<"changeWebhook">("PATCH", "/api/v1/webhooks/{webhook}", ...asked);

/** Give a webhook another secret. */
export const rotateWebhookSecret = (...asked: Asked<"rotateWebhookSecret">) => call<"rotateWebhookSecret">("POST", "/api/v1/webhooks/{webhook}/secret", ...asked);

/** Post a test message. */
export const testWebhook = (...asked: Asked<"testWebhook">) => call<"testWebhook">("POST", "/api/v1/webhooks/{webhook}/test", ...asked);

/** Read what was posted to a webhook. */
export const listWebhookDeliveries = (...asked: Asked<"listWebhookDeliveries">) => call<"listWebhookDeliveries">("GET", "/api/v1/webhooks/{webhook}/deliveries", ...asked);

/** Have messages posted again. */
export const replayWebhook = (...asked: Asked<"replayWebhook">) => call<"replayWebhook">("POST", "/api/v1/webhooks/{webhook}/replay", ...asked);

/** Read how well machines are. */
export const listFaults = (...asked: Asked<"listFaults">) => call<"listFaults">("GET", "/api/v1/faults", ...asked);

/** Read how well machines were. */
export const listFaultHistory = (...asked: Asked<"listFaultHistory">) => call<"listFaultHistory">("GET", "/api/v1/faults/history", ...asked);

/** Read which fault detectors there are. */
export const listDetectors = (...asked: Asked<"listDetectors">) => call<"listDetectors">("GET", "/api/v1/faults/detectors", ...asked);

/** Read how well one machine is. */
export const readFaults = (...asked: Asked<"readFaults">) => call<"readFaults">("GET", "/api/v1/faults/{path}", ...asked);

/** Read the numbers that say how well machines are. */
export const listIndicators = (...asked: Asked<"listIndicators">) => call<"listIndicators">("GET", "/api/v1/indicators", ...asked);

/**
 * Read how well machines are.
 *
 * @deprecated /api/v1/faults
 */
export const listHealthScores = (...asked: Asked<"listHealthScores">) => call<"listHealthScores">("GET", "/api/v1/health-scores", ...asked);

/** Read samples, raw or summed up in buckets. */
export const listSamples = (...asked: Asked<"listSamples">) => call<"listSamples">("GET", "/api/v1/samples", ...asked);

/** Read the newest sample of every signal. */
export const listLatestSamples = (...asked: Asked<"listLatestSamples">) => call<"listLatestSamples">("GET", "/api/v1/samples/latest", ...asked);

/** Read one's exports. */
export const listExports = (...asked: Asked<"listExports">) => call<"listExports">("GET", "/api/v1/exports", ...asked);

/** Have rows made into a file. */
export const createExport = (...asked: Asked<"createExport">) => call<"createExport">("POST", "/api/v1/exports", ...asked);

/** Read how far an export is. */
export const readExport = (...asked: Asked<"readExport">) => call<"readExport">("GET", "/api/v1/exports/{export}", ...asked);

/** Delete an export and its file. */
export const deleteExport = (...asked: Asked<"deleteExport">) => call<"deleteExport">("DELETE", "/api/v1/exports/{export}", ...asked);

/** Download the file of an export. */
export const downloadExport = (...asked: Asked<"downloadExport">) => open<"downloadExport">("GET", "/api/v1/exports/{export}/file", ...asked);

/** Read where samples may be missing. */
export const listGaps = (...asked: Asked<"listGaps">) => call<"listGaps">("GET", "/api/v1/gaps", ...asked);

/** Read one gap. */
export const readGap = (...asked: Asked<"readGap">) => call<"readGap">("GET", "/api/v1/gaps/{id}", ...asked);

/** Read what could not become a sample. */
export const listDeadLetters = (...asked: Asked<"listDeadLetters">) => call<"listDeadLetters">("GET", "/api/v1/dead-letters", ...asked);

/** Export dead letters as a file. */
export const exportDeadLetters = (...asked: Asked<"exportDeadLetters">) => open<"exportDeadLetters">("GET", "/api/v1/dead-letters/export", ...asked);

/** Read one dead letter. */
export const readDeadLetter = (...asked: Asked<"readDeadLetter">) => call<"readDeadLetter">("GET", "/api/v1/dead-letters/{id}", ...asked);

/** Replay dead letters. */
export const replayDeadLetters = (...asked: Asked<"replayDeadLetters">) => call<"replayDeadLetters">("POST", "/api/v1/dead-letters/replay", ...asked);

/** Drop dead letters. */
export const dropDeadLetters = (...asked: Asked<"dropDeadLetters">) => call<"dropDeadLetters">("POST", "/api/v1/dead-letters/drop", ...asked);

/** Read who asked for what. */
export const listAudit = (...asked: Asked<"listAudit">) => call<"listAudit">("GET", "/api/v1/audit", ...asked);

/** Read which parks there are. */
export const listParks = (...asked: Asked<"listParks">) => call<"listParks">("GET", "/api/v1/parks", ...asked);

/** Read one park. */
export const readPark = (...asked: Asked<"readPark">) => call<"readPark">("GET", "/api/v1/parks/{id}", ...asked);

/** Read which factories there are. */
export const listFactories = (...asked: Asked<"listFactories">) => call<"listFactories">("GET", "/api/v1/factories", ...asked);

/** Read one factory. */
export const readFactory = (...asked: Asked<"readFactory">) => call<"readFactory">("GET", "/api/v1/factories/{path}", ...asked);

/** Read which lines there are. */
export const listLines = (...asked: Asked<"listLines">) => call<"listLines">("GET", "/api/v1/lines", ...asked);

/** Read one line. */
export const readLine = (...asked: Asked<"readLine">) => call<"readLine">("GET", "/api/v1/lines/{path}", ...asked);

/** Read which machines there are. */
export const listEquipment = (...asked: Asked<"listEquipment">) => call<"listEquipment">("GET", "/api/v1/equipment", ...asked);

/** Read which signals there are. */
export const listSignals = (...asked: Asked<"listSignals">) => call<"listSignals">("GET", "/api/v1/signals", ...asked);

/** Read one machine. */
export const readEquipment = (...asked: Asked<"readEquipment">) => call<"readEquipment">("GET", "/api/v1/equipment/{path}", ...asked);

/** Read one signal. */
export const readSignal = (...asked: Asked<"readSignal">) => call<"readSignal">("GET", "/api/v1/signals/{path}", ...asked);

/** Read which views there are. */
export const listOpenData = (...asked: Asked<"listOpenData">) => call<"listOpenData">("GET", "/api/v1/open-data", ...asked);

/** Read a view. */
export const listOpenDataRows = (...asked: Asked<"listOpenDataRows">) => call<"listOpenDataRows">("GET", "/api/v1/open-data/{view}", ...asked);

/** Tell that the process runs. */
export const readHealth = (...asked: Asked<"readHealth">) => call<"readHealth">("GET", "/healthz", ...asked);

/** Tell whether every part works. */
export const readReadiness = (...asked: Asked<"readReadiness">) => call<"readReadiness">("GET", "/readyz", ...asked);

/** Read what a kind of problem means. */
export const readProblem = (...asked: Asked<"readProblem">) => call<"readProblem">("GET", "/problems/{slug}", ...asked);
