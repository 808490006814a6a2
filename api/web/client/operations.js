// Made from operations.ts by `make contract`.

// The operations of the API. Made from docs/openapi.json by `make contract`.
import { call, open } from "./call.js";
/** Read what data there is. */
export const listCatalogue = (...asked) => call("GET", "/api/v1/catalogue", ...asked);
/** Read one dataset. */
export const readDataset = (...asked) => call("GET", "/api/v1/catalogue/{id}", ...asked);
/**
 * Read the asset tree.
 *
 * @deprecated /api/v1/parks
 */
export const listAssets = (...asked) => call("GET", "/api/v1/assets", ...asked);
/** Read how every source stands. */
export const listSources = (...asked) => call("GET", "/api/v1/sources", ...asked);
/** Read how one source stands. */
export const readSource = (...asked) => call("GET", "/api/v1/sources/{name}", ...asked);
/** Read the states of several machines. */
export const listStates = (...asked) => call("GET", "/api/v1/states", ...asked);
/** Read what machines do now. */
export const listCurrentStates = (...asked) => call("GET", "/api/v1/states/current", ...asked);
/** Read the states of a machine. */
export const listEquipmentStates = (...asked) => call("GET", "/api/v1/equipment/{path}/states", ...asked);
/** Explain the numbers of a window. */
export const readExplanation = (...asked) => call("GET", "/api/v1/explanations", ...asked);
/**
 * Explain the numbers of a window.
 *
 * @deprecated /api/v1/explanations?path={path}
 */
export const explainEquipmentWindow = (...asked) => call("GET", "/api/v1/equipment/{path}/explanation", ...asked);
/** Read which stop reasons there are. */
export const listStopReasons = (...asked) => call("GET", "/api/v1/stop-reasons", ...asked);
/** Read what people said of a machine's stops. */
export const listEquipmentStopReasons = (...asked) => call("GET", "/api/v1/equipment/{path}/stop-reasons", ...asked);
/** Say why a machine stood. */
export const addEquipmentStopReason = (...asked) => call("POST", "/api/v1/equipment/{path}/stop-reasons", ...asked);
/** Take back what was said of a machine's stops. */
export const revokeEquipmentStopReason = (...asked) => call("DELETE", "/api/v1/equipment/{path}/stop-reasons/{id}", ...asked);
/** Read what is computed. */
export const listKpiCatalogue = (...asked) => call("GET", "/api/v1/kpis/catalogue", ...asked);
/** Read utilisation and other KPIs. */
export const listKpis = (...asked) => call("GET", "/api/v1/kpis", ...asked);
/** Read which KPIs were told otherwise before. */
export const listRestatements = (...asked) => call("GET", "/api/v1/kpis/restatements", ...asked);
/** Read where time went. */
export const listLosses = (...asked) => call("GET", "/api/v1/losses", ...asked);
/** Read a report: KPIs, losses and stops. */
export const readLosses = (...asked) => call("GET", "/api/v1/reports/losses", ...asked);
/**
 * Compare two periods.
 *
 * @deprecated /api/v1/comparisons
 */
export const readChange = (...asked) => call("GET", "/api/v1/reports/comparison", ...asked);
/** Read a report as a page. */
export const showReport = (...asked) => open("GET", "/api/v1/reports/page", ...asked);
/** Compare two periods. */
export const listComparisons = (...asked) => call("GET", "/api/v1/comparisons", ...asked);
/** Read what the coming shifts have to spare. */
export const listCapacity = (...asked) => call("GET", "/api/v1/capacity", ...asked);
/**
 * Read what the coming shifts have to spare.
 *
 * @deprecated /api/v1/capacity
 */
export const listIdleCapacity = (...asked) => call("GET", "/api/v1/idle-capacity", ...asked);
/** Measure how well alerts serve people. */
export const readAlertPerformance = (...asked) => call("GET", "/api/v1/alerts/performance", ...asked);
/** Read alerts. */
export const listAlerts = (...asked) => call("GET", "/api/v1/alerts", ...asked);
/** Read an alert and its history. */
export const readAlert = (...asked) => call("GET", "/api/v1/alerts/{alert}", ...asked);
/** Acknowledge an alert. */
export const acknowledgeAlert = (...asked) => call("POST", "/api/v1/alerts/{alert}/acknowledgement", ...asked);
/** Comment on an alert. */
export const commentOnAlert = (...asked) => call("POST", "/api/v1/alerts/{alert}/comments", ...asked);
/** Shelve an alert. */
export const shelveAlert = (...asked) => call("POST", "/api/v1/alerts/{alert}/shelving", ...asked);
/** Take an alert off the shelf. */
export const unshelveAlert = (...asked) => call("DELETE", "/api/v1/alerts/{alert}/shelving", ...asked);
/** Reset an alert that latches. */
export const resetAlert = (...asked) => call("POST", "/api/v1/alerts/{alert}/reset", ...asked);
/** Listen to what changes, or read it. */
export const listEvents = (...asked) => call("GET", "/api/v1/events", ...asked);
/** Read one's webhooks. */
export const listWebhooks = (...asked) => call("GET", "/api/v1/webhooks", ...asked);
/** Have events posted to an address. */
export const createWebhook = (...asked) => call("POST", "/api/v1/webhooks", ...asked);
/** Read one webhook. */
export const readWebhook = (...asked) => call("GET", "/api/v1/webhooks/{webhook}", ...asked);
/** Delete a webhook and its log. */
export const deleteWebhook = (...asked) => call("DELETE", "/api/v1/webhooks/{webhook}", ...asked);
/** Change a webhook. */
export const changeWebhook = (...asked) => call("PATCH", "/api/v1/webhooks/{webhook}", ...asked);
/** Give a webhook another secret. */
export const rotateWebhookSecret = (...asked) => call("POST", "/api/v1/webhooks/{webhook}/secret", ...asked);
/** Post a test message. */
export const testWebhook = (...asked) => call("POST", "/api/v1/webhooks/{webhook}/test", ...asked);
/** Read what was posted to a webhook. */
export const listWebhookDeliveries = (...asked) => call("GET", "/api/v1/webhooks/{webhook}/deliveries", ...asked);
/** Have messages posted again. */
export const replayWebhook = (...asked) => call("POST", "/api/v1/webhooks/{webhook}/replay", ...asked);
/** Read how well machines are. */
export const listFaults = (...asked) => call("GET", "/api/v1/faults", ...asked);
/** Read how well machines were. */
export const listFaultHistory = (...asked) => call("GET", "/api/v1/faults/history", ...asked);
/** Read which fault detectors there are. */
export const listDetectors = (...asked) => call("GET", "/api/v1/faults/detectors", ...asked);
/** Read how well one machine is. */
export const readFaults = (...asked) => call("GET", "/api/v1/faults/{path}", ...asked);
/** Read the numbers that say how well machines are. */
export const listIndicators = (...asked) => call("GET", "/api/v1/indicators", ...asked);
/**
 * Read how well machines are.
 *
 * @deprecated /api/v1/faults
 */
export const listHealthScores = (...asked) => call("GET", "/api/v1/health-scores", ...asked);
/** Read samples, raw or summed up in buckets. */
export const listSamples = (...asked) => call("GET", "/api/v1/samples", ...asked);
/** Read the newest sample of every signal. */
export const listLatestSamples = (...asked) => call("GET", "/api/v1/samples/latest", ...asked);
/** Read one's exports. */
export const listExports = (...asked) => call("GET", "/api/v1/exports", ...asked);
/** Have rows made into a file. */
export const createExport = (...asked) => call("POST", "/api/v1/exports", ...asked);
/** Read how far an export is. */
export const readExport = (...asked) => call("GET", "/api/v1/exports/{export}", ...asked);
/** Delete an export and its file. */
export const deleteExport = (...asked) => call("DELETE", "/api/v1/exports/{export}", ...asked);
/** Download the file of an export. */
export const downloadExport = (...asked) => open("GET", "/api/v1/exports/{export}/file", ...asked);
/** Read where samples may be missing. */
export const listGaps = (...asked) => call("GET", "/api/v1/gaps", ...asked);
/** Read one gap. */
export const readGap = (...asked) => call("GET", "/api/v1/gaps/{id}", ...asked);
/** Read what could not become a sample. */
export const listDeadLetters = (...asked) => call("GET", "/api/v1/dead-letters", ...asked);
/** Export dead letters as a file. */
export const exportDeadLetters = (...asked) => open("GET", "/api/v1/dead-letters/export", ...asked);
/** Read one dead letter. */
export const readDeadLetter = (...asked) => call("GET", "/api/v1/dead-letters/{id}", ...asked);
/** Replay dead letters. */
export const replayDeadLetters = (...asked) => call("POST", "/api/v1/dead-letters/replay", ...asked);
/** Drop dead letters. */
export const dropDeadLetters = (...asked) => call("POST", "/api/v1/dead-letters/drop", ...asked);
/** Read who asked for what. */
export const listAudit = (...asked) => call("GET", "/api/v1/audit", ...asked);
/** Read which parks there are. */
export const listParks = (...asked) => call("GET", "/api/v1/parks", ...asked);
/** Read one park. */
export const readPark = (...asked) => call("GET", "/api/v1/parks/{id}", ...asked);
/** Read which factories there are. */
export const listFactories = (...asked) => call("GET", "/api/v1/factories", ...asked);
/** Read one factory. */
export const readFactory = (...asked) => call("GET", "/api/v1/factories/{path}", ...asked);
/** Read which lines there are. */
export const listLines = (...asked) => call("GET", "/api/v1/lines", ...asked);
/** Read one line. */
export const readLine = (...asked) => call("GET", "/api/v1/lines/{path}", ...asked);
/** Read which machines there are. */
export const listEquipment = (...asked) => call("GET", "/api/v1/equipment", ...asked);
/** Read which signals there are. */
export const listSignals = (...asked) => call("GET", "/api/v1/signals", ...asked);
/** Read one machine. */
export const readEquipment = (...asked) => call("GET", "/api/v1/equipment/{path}", ...asked);
/** Read one signal. */
export const readSignal = (...asked) => call("GET", "/api/v1/signals/{path}", ...asked);
/** Read which views there are. */
export const listOpenData = (...asked) => call("GET", "/api/v1/open-data", ...asked);
/** Read a view. */
export const listOpenDataRows = (...asked) => call("GET", "/api/v1/open-data/{view}", ...asked);
/** Tell that the process runs. */
export const readHealth = (...asked) => call("GET", "/healthz", ...asked);
/** Tell whether every part works. */
export const readReadiness = (...asked) => call("GET", "/readyz", ...asked);
/** Read what a kind of problem means. */
export const readProblem = (...asked) => call("GET", "/problems/{slug}", ...asked);
