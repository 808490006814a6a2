// The types of the API. Made from docs/openapi.json by `make contract`.

export interface components {
    schemas: {
        /**
         * AcknowledgeRequest
         * @description Somebody knows of an alert.
         */
        AcknowledgeRequest: {
            /**
             * Comment
             * @description What they say of it, 1,000 characters at most.
             * @default
             */
            comment?: string;
            /**
             * Person
             * @description Who it is, where one key is shared; the key's name is noted beside it.
             * @default
             */
            person?: string;
        };
        /**
         * AlarmState
         * @description How an alert stands, as ISA-18.2 calls it.
         * @enum {string}
         */
        AlarmState: "normal" | "unacknowledged" | "acknowledged" | "returned_unacknowledged" | "latched_unacknowledged" | "latched_acknowledged" | "shelved" | "suppressed" | "out_of_service";
        /**
         * AlertEventView
         * @description Something that happened to an alert.
         */
        AlertEventView: {
            /**
             * Id
             * @description Stable: the same event has the same id wherever it is told.
             */
            id: string;
            /**
             * Number
             * @description Its place among the alert's events, from 1.
             */
            number: number;
            /**
             * At
             * Format: date-time
             * @description When it was noticed or done.
             */
            at: string;
            /** @description What happened. */
            kind: components["schemas"]["EventKind"];
            /**
             * Person
             * @description Who did it; empty: nobody.
             */
            person: string;
            /**
             * Comment
             * @description What they said; for what suppresses it, by what; empty: nothing.
             */
            comment: string;
            /** @description How the alert stood after it. */
            state: components["schemas"]["AlarmState"];
            /**
             * Count
             * @description How many occurrences the alert had by then.
             */
            count: number;
        };
        /**
         * AlertHistoryView
         * @description One alert with what happened to it.
         */
        AlertHistoryView: {
            /**
             * Id
             * @description Stable: the same cause has the same id however often it is computed.
             */
            id: string;
            /**
             * Equipment
             * @description Path of the machine it is about; of the line, where it is about a link or the line's network. The park's id,
             *     where it is about none: the collector, a network of several lines, or, with the detectors `channel` and `detector`,
             *     a channel that fails or a detector that errs.
             */
            equipment: string;
            /**
             * Signal
             * @description Path of the signal it was seen on; of the machine, where several tell it together. Without a signal:
             *     `source:NAME`, `network:PATH` or `collector` (`link`), `channel:NAME` (`channel`), `detector:SLUG` (`detector`).
             */
            signal: string;
            /**
             * Detector
             * @description What saw it: the slug of a detector, such as `limit` or `condition`.
             */
            detector: string;
            /** @description What people call what it sees. */
            detector_title: components["schemas"]["TitleView"];
            /** @description Priority of its newest occurrence: how soon somebody must act. */
            severity: components["schemas"]["Severity"];
            /** @description The highest severity of its occurrences; lists are filtered by it. */
            priority: components["schemas"]["Severity"];
            /** @description What happened, in each language. */
            message: components["schemas"]["TitleView"];
            /**
             * Value
             * @description The value that began its newest occurrence, as text; for a condition the report as it came.
             */
            value: string;
            /**
             * Began
             * Format: date-time
             * @description When the cause of its first occurrence began, by the machine's clock.
             */
            began: string;
            /**
             * Occurred
             * Format: date-time
             * @description When the cause of its newest occurrence began, by the machine's clock.
             */
            occurred: string;
            /**
             * Ended
             * @description When the cause of its newest occurrence was gone; null while it lasts.
             */
            ended: string | null;
            /**
             * Active
             * @description Whether its cause lasts.
             */
            active: boolean;
            /**
             * Count
             * @description How many occurrences it has.
             */
            count: number;
            /**
             * Chattering
             * @description Whether three occurrences ever began within a minute.
             */
            chattering: boolean;
            /** @description How it stands (ISA-18.2). */
            state: components["schemas"]["AlarmState"];
            /**
             * Raised
             * Format: date-time
             * @description When it was found first.
             */
            raised: string;
            /**
             * Changed
             * Format: date-time
             * @description When its state changed last.
             */
            changed: string;
            /**
             * Acknowledged
             * @description When it was acknowledged; null: it is not.
             */
            acknowledged: string | null;
            /**
             * Person
             * @description Who acknowledged it; empty: nobody.
             */
            person: string;
            /**
             * Shelved Until
             * @description Until when it is shelved; null: it is not.
             */
            shelved_until: string | null;
            /**
             * Suppressed By
             * @description What suppresses it by design: the id of another alert, `machine_runs` or `line_runs`; `park`: an alert of the
             *     park or of another factory, which the caller may not see; empty: nothing.
             */
            suppressed_by: string;
            /**
             * Group
             * @description Id of the first of the alerts of its machine that were raised together with it; its own, where it is that.
             */
            group: string;
            /**
             * Contributions
             * @description Which signals tell it together, those that tell most first; empty where one signal alone does.
             */
            contributions: components["schemas"]["ContributionView"][];
            /**
             * Events
             * @description What happened, in order, the newest 1,000 at most: where the first of them is not number 1, `before` its number
             *     gives those before it. None for an alert of a recording.
             */
            events: components["schemas"]["AlertEventView"][];
        };
        /**
         * AlertMeasureView
         * @description One number of a period, beside its targets.
         */
        AlertMeasureView: {
            /**
             * Metric
             * @description Which number, such as `average_per_hour`.
             */
            metric: string;
            /** @description What people call it. */
            title: components["schemas"]["TitleView"];
            /**
             * Unit
             * @description UCUM: `/h`, `/(10.min)` or `/d` for rates, `1` for counts and for shares, which are 0 to 1.
             */
            unit: string;
            /**
             * Value
             * @description The number, in `unit`; null: nothing was annunciated that it could be a part of.
             */
            value: number | null;
            /**
             * Target
             * @description Up to here, or from here on (`at_least`), it is acceptable, in `unit`; null: nothing is published.
             */
            target: number | null;
            /**
             * Limit
             * @description Up to here it is manageable at most, in `unit`; null: the target is all there is.
             */
            limit: number | null;
            /**
             * At Least
             * @description Whether the number should reach its target, and not stay below it.
             */
            at_least: boolean;
            /**
             * Verdict
             * @description How it stands: within the target, within the limit, beyond both; empty: there is nothing to compare it with.
             * @enum {string}
             */
            verdict: "acceptable" | "manageable" | "over" | "";
            /**
             * Source
             * @description Where the target is published; empty: nowhere.
             */
            source: string;
        };
        /**
         * AlertNewsView
         * @description Something that happened to an alert (`topic`: `alerts`).
         */
        AlertNewsView: {
            /**
             * Event
             * @description Id of what happened; the same one has the same id, however often it is told.
             */
            event: string;
            /**
             * Alert
             * @description Id of the alert: GET /api/v1/alerts/{id} tells all of it.
             */
            alert: string;
            /**
             * Number
             * @description Its place among what happened to the alert, from 1.
             */
            number: number;
            /** @description What happened. */
            kind: components["schemas"]["EventKind"];
            /** @description How the alert stands after it (ISA-18.2). */
            state: components["schemas"]["AlarmState"];
            /** @description Severity of the newest occurrence. */
            severity: components["schemas"]["Severity"];
            /** @description How soon somebody must act: the highest severity since the alert began, or was closed last. */
            priority: components["schemas"]["Severity"];
            /**
             * Equipment
             * @description Path of the machine that it is about; of the line, where it is about a link.
             */
            equipment: string;
            /**
             * Signal
             * @description What it was seen on: path of a signal or machine, `source:NAME`, or empty.
             */
            signal: string;
            /**
             * Detector
             * @description What saw it.
             */
            detector: string;
            /**
             * Began
             * Format: date-time
             * @description When its earliest occurrence began, in the source's own time.
             */
            began: string;
            /**
             * Active
             * @description Whether its cause lasts.
             */
            active: boolean;
            /** @description What it says, by language. */
            message: components["schemas"]["TitleView"];
            /**
             * Value
             * @description The value that began it, as text.
             */
            value: string;
            /**
             * Person
             * @description Who did it; empty: nobody.
             */
            person: string;
            /**
             * Comment
             * @description What they said; empty: nothing.
             */
            comment: string;
            /**
             * At
             * Format: date-time
             * @description When it happened.
             */
            at: string;
        };
        /**
         * AlertPerformanceView
         * @description Alarm performance of a period after ISA-18.2-2016 (table 7), EEMUA 191 and IEC 62682:2014.
         */
        AlertPerformanceView: {
            /**
             * Start
             * Format: date-time
             * @description First instant of the period.
             */
            start: string;
            /**
             * End
             * Format: date-time
             * @description First instant no longer part of it.
             */
            end: string;
            /**
             * Paths
             * @description The park, or the factories, lines and machines whose alerts are counted, each with all below it.
             */
            paths: string[];
            /**
             * Operators
             * @description How many people take alerts; rates are per person.
             */
            operators: number;
            /**
             * Annunciations
             * @description How often alerts asked people for something.
             */
            annunciations: number;
            /**
             * Occurrences
             * @description How often causes began, as far as the events of the period tell.
             */
            occurrences: number;
            /**
             * Short
             * @description Whether the period is under 30 days, so that its numbers do not say much.
             */
            short: boolean;
            /**
             * Measures
             * @description The numbers, always the same ones in the same order.
             */
            measures: components["schemas"]["AlertMeasureView"][];
            /**
             * Top
             * @description The most frequent alarm points, ten at most.
             */
            top: components["schemas"]["FrequentAlertView"][];
        };
        /**
         * AlertView
         * @description One alert, as far as its life has come. It counts its occurrences: a flapping alert is one alert.
         */
        AlertView: {
            /**
             * Id
             * @description Stable: the same cause has the same id however often it is computed.
             */
            id: string;
            /**
             * Equipment
             * @description Path of the machine it is about; of the line, where it is about a link or the line's network. The park's id,
             *     where it is about none: the collector, a network of several lines, or, with the detectors `channel` and `detector`,
             *     a channel that fails or a detector that errs.
             */
            equipment: string;
            /**
             * Signal
             * @description Path of the signal it was seen on; of the machine, where several tell it together. Without a signal:
             *     `source:NAME`, `network:PATH` or `collector` (`link`), `channel:NAME` (`channel`), `detector:SLUG` (`detector`).
             */
            signal: string;
            /**
             * Detector
             * @description What saw it: the slug of a detector, such as `limit` or `condition`.
             */
            detector: string;
            /** @description What people call what it sees. */
            detector_title: components["schemas"]["TitleView"];
            /** @description Priority of its newest occurrence: how soon somebody must act. */
            severity: components["schemas"]["Severity"];
            /** @description The highest severity of its occurrences; lists are filtered by it. */
            priority: components["schemas"]["Severity"];
            /** @description What happened, in each language. */
            message: components["schemas"]["TitleView"];
            /**
             * Value
             * @description The value that began its newest occurrence, as text; for a condition the report as it came.
             */
            value: string;
            /**
             * Began
             * Format: date-time
             * @description When the cause of its first occurrence began, by the machine's clock.
             */
            began: string;
            /**
             * Occurred
             * Format: date-time
             * @description When the cause of its newest occurrence began, by the machine's clock.
             */
            occurred: string;
            /**
             * Ended
             * @description When the cause of its newest occurrence was gone; null while it lasts.
             */
            ended: string | null;
            /**
             * Active
             * @description Whether its cause lasts.
             */
            active: boolean;
            /**
             * Count
             * @description How many occurrences it has.
             */
            count: number;
            /**
             * Chattering
             * @description Whether three occurrences ever began within a minute.
             */
            chattering: boolean;
            /** @description How it stands (ISA-18.2). */
            state: components["schemas"]["AlarmState"];
            /**
             * Raised
             * Format: date-time
             * @description When it was found first.
             */
            raised: string;
            /**
             * Changed
             * Format: date-time
             * @description When its state changed last.
             */
            changed: string;
            /**
             * Acknowledged
             * @description When it was acknowledged; null: it is not.
             */
            acknowledged: string | null;
            /**
             * Person
             * @description Who acknowledged it; empty: nobody.
             */
            person: string;
            /**
             * Shelved Until
             * @description Until when it is shelved; null: it is not.
             */
            shelved_until: string | null;
            /**
             * Suppressed By
             * @description What suppresses it by design: the id of another alert, `machine_runs` or `line_runs`; `park`: an alert of the
             *     park or of another factory, which the caller may not see; empty: nothing.
             */
            suppressed_by: string;
            /**
             * Group
             * @description Id of the first of the alerts of its machine that were raised together with it; its own, where it is that.
             */
            group: string;
            /**
             * Contributions
             * @description Which signals tell it together, those that tell most first; empty where one signal alone does.
             */
            contributions: components["schemas"]["ContributionView"][];
        };
        /**
         * AuditView
         * @description One row of the audit: what somebody asked, and what they were answered. Rows are added and never changed.
         */
        AuditView: {
            /**
             * Number
             * @description Names it; to who sees the whole park its place, from 1, without holes from the first that is kept.
             */
            number: number;
            /**
             * At
             * Format: date-time
             * @description When it was answered, or when an answer that lasts began or ended.
             */
            at: string;
            /**
             * Event
             * @description `answer`: a request was answered; `begin` and `end`: an answer that lasts (a stream) began, and ended; `missing`:
             *     so many rows (`missing`) are not kept, since the records were down too long, or (`status` 429) since they were of
             *     requests that were refused, too many of one sender.
             * @enum {string}
             */
            event: "answer" | "begin" | "end" | "missing";
            /**
             * Caller
             * @description Id of who asked: `key:<holder>`, the same for every key that was rotated into the next, `oidc:…` or `loopback`;
             *     empty: nobody known.
             */
            caller: string;
            /**
             * Name
             * @description Their name; empty: nobody known.
             */
            name: string;
            /**
             * Kind
             * @description How they were known.
             * @enum {string}
             */
            kind: "key" | "oidc" | "loopback" | "unknown";
            /**
             * Peer
             * @description The address that the request came from: a proxy's, where there is one.
             */
            peer: string;
            /**
             * Method
             * @description HTTP method; a HEAD is read as GET.
             */
            method: string;
            /**
             * Operation
             * @description Operation id; empty where the request reached none.
             */
            operation: string;
            /**
             * Path
             * @description Path of the address, decoded; what is not printable is escaped as in `\n`, and a backslash is written twice. It
             *     ends in `…` where it was cut.
             */
            path: string;
            /**
             * Query
             * @description Query of the address as it was sent, escaped likewise; secrets in it are `***`.
             */
            query: string;
            /**
             * Status
             * @description HTTP status; 499: who asked went away before the answer began; null for `missing` that no refusals are.
             */
            status: number | null;
            /**
             * Factories
             * @description Ids of the factories whose data the caller was granted; null: the whole park, or nobody known.
             */
            factories: string[] | null;
            /**
             * Rows
             * @description Rows of a list that were answered; null where it was none.
             */
            rows: number | null;
            /**
             * Bytes
             * @description Bytes of the body that were answered, before compression; null where nobody knew yet.
             */
            bytes: number | null;
            /**
             * Duration S
             * @description Seconds from the request to `at`.
             */
            duration_s: number | null;
            /**
             * Missing
             * @description How many rows are missing here; 0 for others than `missing`.
             */
            missing: number;
            /**
             * Request Id
             * @description Its id, as answered in the header `X-Request-Id`.
             */
            request_id: string;
            /**
             * Hash
             * @description SHA-256 of the hash before it and of the row, in hex: `parkline audit verify` holds all rows against theirs.
             */
            hash: string;
        };
        /**
         * BucketView
         * @description What the samples of one bucket come to. Those whose status is Bad are counted and tell nothing else.
         */
        BucketView: {
            /**
             * Start
             * @description First instant of the bucket; RFC 3339 in UTC. It ends where the next one begins.
             */
            start: string;
            /**
             * Count
             * @description How many samples count: they have a value of the signal's type of today, and are good or uncertain.
             */
            count: number;
            /**
             * Bad
             * @description How many samples are bad.
             */
            bad: number;
            /**
             * Good Share
             * @description How many of all these are good, 0 to 1; null where there are none.
             */
            good_share: number | null;
            /**
             * Min
             * @description The least value that counts, exact, in the signal's unit; null where none does, and for switches and texts.
             */
            min: number | null;
            /**
             * Max
             * @description The greatest value that counts, in the signal's unit, as `min`.
             */
            max: number | null;
            /**
             * Mean
             * @description The arithmetic mean of the values that count, in the signal's unit, each weighing the same, however long it held;
             *     null as `min`.
             */
            mean: number | null;
            /**
             * Last
             * @description The newest value that counts, in the signal's type and unit.
             */
            last: number | boolean | string | null;
            /**
             * True Share
             * @description Of switches: how many of those that count are true, 0 to 1; null where none does, and for all others.
             */
            true_share: number | null;
        };
        /**
         * BucketsView
         * @description One page of buckets, in order; those without samples are there, too.
         */
        BucketsView: {
            /**
             * Items
             * @description The rows of this page, in the order of the route.
             */
            items: components["schemas"]["BucketView"][];
            /**
             * Next Page Token
             * @description Send it as `page_token` for the page after this one; null: this is the last one as things stand.
             */
            next_page_token: string | null;
            /**
             * Width S
             * @description Width of a bucket in seconds; the last one of the window may be shorter.
             */
            width_s: number;
        };
        /**
         * CapacitiesView
         * @description Idle capacity of the coming shifts, lines before their machines.
         */
        CapacitiesView: {
            /**
             * Items
             * @description The rows of this page, in the order of the route.
             */
            items: components["schemas"]["CapacityView"][];
            /**
             * Next Page Token
             * @description Send it as `page_token` for the page after this one; null: this is the last one as things stand.
             */
            next_page_token: string | null;
        };
        /**
         * CapacityView
         * @description What a machine or a line has to spare in one coming shift.
         */
        CapacityView: {
            /**
             * Name
             * @description Name of the shift.
             */
            name: string;
            /**
             * Start
             * Format: date-time
             * @description When it begins, or now where it is under way.
             */
            start: string;
            /**
             * End
             * Format: date-time
             * @description When it ends.
             */
            end: string;
            /**
             * Planned S
             * @description Planned work, in seconds (of a line in machine-seconds).
             */
            planned_s: number;
            /**
             * Maintenance S
             * @description What of it planned maintenance takes, in seconds.
             */
            maintenance_s: number;
            /**
             * Typical Busy S
             * @description What such shifts are typically busy for, in seconds: producing and setup, median of the last 8 weeks; null with
             *     too little history.
             */
            typical_busy_s: number | null;
            /**
             * Typical Stops S
             * @description What such shifts typically lose to unplanned stops and micro-stops, in seconds.
             */
            typical_stops_s: number | null;
            /**
             * Idle S
             * @description What is typically left, in seconds: planned - maintenance - busy - stops.
             */
            idle_s: number | null;
            /**
             * Idle Safe S
             * @description What three of four such shifts had left, in seconds: the lower quartile.
             */
            idle_safe_s: number | null;
            /**
             * Based On
             * @description Past shifts that typical use is told from; 4 or more.
             */
            based_on: number;
            /**
             * Coverage
             * @description Share of their planned time with known state, 0 to 1.
             */
            coverage: number | null;
            /**
             * Note
             * @description Why numbers are null or incomplete; empty: nothing to say.
             */
            note: string;
            /**
             * Path
             * @description The machine, or the line: then the sums over its machines.
             */
            path: string;
        };
        /**
         * ChangeView
         * @description How one number differs between two periods.
         */
        ChangeView: {
            /**
             * Kind
             * @description What it is.
             * @enum {string}
             */
            kind: "kpi" | "loss" | "reason";
            /**
             * Name
             * @description Slug of the KPI, column of the loss, or `loss/reason`.
             */
            name: string;
            /**
             * Before
             * @description Before: of a KPI its value, in the unit of the catalogue; of a loss or reason its share of planned time
             *     (`not_scheduled_time`: of calendar time), 0 to 1.
             */
            before: number | null;
            /**
             * After
             * @description The same after, in the same unit.
             */
            after: number | null;
            /**
             * Change
             * @description `after` - `before`, in their unit.
             */
            change: number | null;
            /**
             * Before S
             * @description Seconds before; null for KPIs.
             */
            before_s: number | null;
            /**
             * After S
             * @description Seconds after; null for KPIs.
             */
            after_s: number | null;
            /**
             * Days Before
             * @description Days before that have a value: something was planned, and something of it is known.
             */
            days_before: number;
            /**
             * Days After
             * @description Days after that have a value.
             */
            days_after: number;
            /**
             * Coverage Before
             * @description Share of planned time before with a known state, 0 to 1; null: nothing was planned.
             */
            coverage_before: number | null;
            /**
             * Coverage After
             * @description Share of planned time after with a known state, 0 to 1; null: nothing was planned.
             */
            coverage_after: number | null;
            /**
             * Lower
             * @description Lower limit of normal variation for the mean of the days after, in the unit of `before`; null with too few
             *     days.
             */
            lower: number | null;
            /**
             * Upper
             * @description Upper limit, in the same unit; null with too few days.
             */
            upper: number | null;
            /**
             * Outside
             * @description Days before that lie outside their own limits: where there are any, the days before were not steady.
             */
            outside: number | null;
            /**
             * Verdict
             * @description Whether the mean of the days after exceeds normal variation; too few are fewer than 8 days before, or none
             *     after.
             * @enum {string}
             */
            verdict: "exceeds" | "within" | "too_few_days";
        };
        /**
         * CheckView
         * @description One part that the API stands on.
         */
        CheckView: {
            /**
             * Name
             * @description Which part.
             * @enum {string}
             */
            name: "records" | "store" | "collector" | "drain";
            /**
             * Ok
             * @description Whether it works.
             */
            ok: boolean;
            /**
             * Detail
             * @description How it stands, in words; names no address.
             */
            detail: string;
        };
        /**
         * CommentRequest
         * @description What somebody says of an alert.
         */
        CommentRequest: {
            /**
             * Comment
             * @description Their words, 1,000 characters at most.
             */
            comment: string;
            /**
             * Person
             * @description Who says it, where one key is shared; the key's name is noted beside it.
             * @default
             */
            person?: string;
        };
        /**
         * ComparisonView
         * @description What changed from one period to another.
         */
        ComparisonView: {
            /**
             * Path
             * @description Of what: the park, a factory, a line or a machine.
             */
            path: string;
            /**
             * Time Zone
             * @description Whose local days these are, by IANA name.
             */
            time_zone: string;
            /** @description The days before. */
            before: components["schemas"]["SpanOfDaysView"];
            /** @description The days after. */
            after: components["schemas"]["SpanOfDaysView"];
            /**
             * Items
             * @description KPIs, losses, then reasons by their share.
             */
            items: components["schemas"]["ChangeView"][];
        };
        /**
         * ConflictView
         * @description Two things that a source said of one signal at one instant; the store keeps the later one.
         */
        ConflictView: {
            /**
             * Signal
             * @description Path of the signal.
             */
            signal: string;
            /**
             * Time
             * Format: date-time
             * @description The instant, by the machine's clock.
             */
            time: string;
            /**
             * Earlier
             * @description What it said first: the value, and the status where it is not Good; null where that is known no more.
             */
            earlier: string | null;
            /**
             * Later
             * @description What it said then.
             */
            later: string;
        };
        /**
         * ContributionView
         * @description How much one signal has to do with an alert of several.
         */
        ContributionView: {
            /**
             * Signal
             * @description Path of the signal.
             */
            signal: string;
            /** @description What people call it. */
            title: components["schemas"]["TitleView"];
            /**
             * Share
             * @description Its part of what was found, 0 to 1.
             */
            share: number;
        };
        /**
         * CurrentStateView
         * @description What one machine does now, as far as is known.
         */
        CurrentStateView: {
            /**
             * Path
             * @description The machine.
             */
            path: string;
            /** @description What it does, or did at `known_until`; `unknown` also where it has never reported. */
            state: components["schemas"]["EquipmentState"];
            /**
             * Raw
             * @description The machine's own word for it; null where no report holds.
             */
            raw: string | null;
            /**
             * Since
             * @description Since when; null: for more than a week, or it has never reported.
             */
            since: string | null;
            /**
             * Known Until
             * @description Until when its source has spoken, by the machine's clock: how old this is. Null: never.
             */
            known_until: string | null;
        };
        /**
         * DatasetView
         * @description One dataset.
         */
        DatasetView: {
            /**
             * Id
             * @description Stable: its kind and the path of what it tells of, `states/gears`; of open data `open/` and the view's name.
             */
            id: string;
            /**
             * Kind
             * @description What kind of data it is.
             * @enum {string}
             */
            kind: "alerts" | "capacity" | "faults" | "gaps" | "indicators" | "kpis-day" | "kpis-hour" | "kpis-month" | "kpis-shift" | "kpis-week" | "losses" | "open" | "samples" | "sources" | "states";
            /** @description What people call it. */
            title: components["schemas"]["TitleView"];
            /** @description What it is, in a sentence or two. */
            description: components["schemas"]["TitleView"];
            /**
             * Themes
             * @description What it is about: codes of the EU's data themes, or addresses of themes.
             */
            themes: string[];
            /** @description Whose it is, and who answers questions about it. */
            owner: components["schemas"]["PartyView"];
            /** @description Who publishes the catalogue. */
            publisher: components["schemas"]["PartyView"];
            /**
             * Licence
             * @description Under which terms it may be used: an address or an SPDX name; null: nothing is said.
             */
            licence: string | null;
            /**
             * Access
             * @description Who may see it: `internal` those who may see the whole park, `granted` those whom its factory was granted to,
             *     `agreed` those with whom a contract says so, `public` whoever asks for a key.
             * @enum {string}
             */
            access: "internal" | "granted" | "agreed" | "public";
            /** @description Of what it tells; null for open data, which tells nobody of what it is made. */
            extent: components["schemas"]["ExtentView"] | null;
            /**
             * Period
             * @description What its rows are summed over; null where a row is an instant, an interval or a thing.
             */
            period: ("hour" | "shift" | "day" | "week" | "month") | null;
            /**
             * Updated
             * @description How often there is something new.
             * @enum {string}
             */
            updated: "continuously" | "hourly" | "each shift" | "daily" | "weekly" | "monthly" | "as it happens";
            /**
             * First
             * @description Begin of the first day of which anything is known; null: there is none.
             */
            first: string | null;
            /**
             * Last
             * @description Up to when it tells what happened; null: never yet. Of samples when their source, of sources when the collector
             *     last spoke.
             */
            last: string | null;
            /**
             * Age S
             * @description How old that is, in seconds; 0 at least.
             */
            age_s: number | null;
            /** @description How good it was in the last seven days. */
            quality: components["schemas"]["QualityView"];
            /**
             * Standards
             * @description Standards that its terms come from.
             */
            standards: string[];
            /**
             * Computed
             * @description Address of the catalogue that says how its numbers are computed, relative to the API; null: they are not.
             */
            computed: string | null;
            /**
             * Fields
             * @description Fields of its rows.
             */
            fields: components["schemas"]["FieldView"][];
            /**
             * Variables
             * @description What it has numbers or values of; none where the fields say it.
             */
            variables: components["schemas"]["VariableView"][];
            /**
             * Requests
             * @description How to ask for it.
             */
            requests: components["schemas"]["RequestView"][];
            /**
             * Topics
             * @description Topics of events and webhooks that tell what is new of it.
             */
            topics: ("alerts" | "states" | "kpis")[];
            /**
             * Exports
             * @description Kinds of exports that give it as a file.
             */
            exports: ("samples" | "kpis" | "losses" | "states" | "alerts")[];
        };
        /**
         * DeadLetterView
         * @description One input that could not become a sample, kept as it came.
         */
        DeadLetterView: {
            /**
             * Id
             * @description Names it; to who sees the whole park, later letters have greater numbers.
             */
            id: number;
            /**
             * Source
             * @description Name of the source it came from.
             */
            source: string;
            /**
             * Address
             * @description Topic, node or item, as the source names it; empty where none is known.
             */
            address: string;
            /**
             * Signal
             * @description Path of the signal it was meant for; null where none is known.
             */
            signal: string | null;
            /**
             * Reason
             * @description Why it is no sample, and what to do.
             */
            reason: string;
            /**
             * Form
             * @description `input`: the payload is what came, as it came; `sample`: a sample as it was decoded, refused by its type or its
             *     time; `admitted`: one as it was to be stored, refused by the store.
             * @enum {string}
             */
            form: "input" | "sample" | "admitted";
            /**
             * Payload
             * @description The beginning of what came, 4,096 bytes at most; empty once the letter is settled.
             */
            payload: string;
            /**
             * Encoding
             * @description How `payload` is written: as text, or in base64 where it is no text.
             * @enum {string}
             */
            encoding: "utf-8" | "base64";
            /**
             * Size
             * @description Bytes kept of what came; more than `payload` shows where it is long.
             */
            size: number;
            /**
             * Cut
             * @description Whether it was too long to be kept whole: then it cannot be replayed.
             */
            cut: boolean;
            /**
             * First
             * Format: date-time
             * @description When it came first.
             */
            first: string;
            /**
             * Last
             * Format: date-time
             * @description When it came last.
             */
            last: string;
            /**
             * Count
             * @description How often it came.
             */
            count: number;
            /**
             * First Time
             * @description Of a sample: its own time when it came first; null where it has none, or the payload holds it.
             */
            first_time: string | null;
            /**
             * Last Time
             * @description Of a sample: its own time when it came last.
             */
            last_time: string | null;
            /**
             * State
             * @description `open`; `replayed`: it became samples; `dropped`: a person dropped it.
             * @enum {string}
             */
            state: "open" | "replayed" | "dropped";
            /**
             * Settled
             * @description When it was replayed or dropped; null while it is open.
             */
            settled: string | null;
            /**
             * Note
             * @description What became of it, or why it was dropped; empty while it is open.
             */
            note: string;
        };
        /**
         * DeliveryReplayRequest
         * @description What is to be sent again: one of the three.
         */
        DeliveryReplayRequest: {
            /**
             * After
             * @description All that it takes of the events behind this one (its id, or a place), and then what follows, in order.
             */
            after?: string | null;
            /**
             * Since
             * @description All that it takes of the events that were told from this instant on, and then what follows, in order.
             */
            since?: string | null;
            /**
             * Deliveries
             * @description Ids of deliveries, 1,000 at most: these alone, before anything else.
             */
            deliveries?: string[] | null;
        };
        /**
         * DeliveryReplayView
         * @description What is sent again.
         */
        DeliveryReplayView: {
            /**
             * After
             * @description The events behind this place are sent again; null where deliveries were asked for.
             */
            after?: string | null;
            /**
             * Deliveries
             * @description Ids of the deliveries that are sent again.
             */
            deliveries: string[];
            /**
             * Gone
             * @description Ids of deliveries that cannot be sent again: their events are no longer kept, or they are of none.
             */
            gone: string[];
        };
        /**
         * DeliveryView
         * @description One message, and what became of it.
         */
        DeliveryView: {
            /**
             * Id
             * @description Id of the message, as in the header `webhook-id`: that of the event, `gap-…` or `test-…`.
             */
            id: string;
            /**
             * Type
             * @description What the message is: `alert.raised` and others, `state.changed`, `kpi.computed`, `kpi.restated`, `parkline.gap`
             *     or `parkline.test`.
             */
            type: string;
            /**
             * State
             * @description How it stands: to be sent; taken by the receiver (2xx); not taken, and tried again; given up.
             * @enum {string}
             */
            state: "pending" | "delivered" | "failed" | "dead";
            /**
             * Attempts
             * @description How often it was tried since `begun`.
             */
            attempts: number;
            /**
             * Begun
             * Format: date-time
             * @description When it was tried first, or was asked for again.
             */
            begun: string;
            /**
             * Tried
             * @description When it was tried last; null: it was not.
             */
            tried?: string | null;
            /**
             * Status
             * @description HTTP status of the last answer; null: there was none.
             */
            status?: number | null;
            /**
             * Answer
             * @description What the last answer said, or why there was none: its first 200 characters, on one line.
             */
            answer: string;
            /**
             * Duration S
             * @description Seconds that the last attempt took; null: there was none.
             */
            duration_s?: number | null;
            /**
             * Next Attempt
             * @description When it is tried again; null: it is not, or at once.
             */
            next_attempt?: string | null;
        };
        /**
         * DetectorView
         * @description One kind of fault detector.
         */
        DetectorView: {
            /**
             * Detector
             * @description Its slug, as alerts and scores name it.
             */
            detector: string;
            /** @description What people call what it sees. */
            title: components["schemas"]["TitleView"];
            /**
             * Learns
             * @description Whether it learns first what is normal.
             */
            learns: boolean;
            /**
             * Source
             * @description The clause or paper that it is made after.
             */
            source: string;
            /**
             * Settings
             * @description JSON Schema of its settings in a line file; null: it has none and needs to be asked for by nobody.
             */
            settings: {
                [key: string]: unknown;
            } | null;
        };
        /**
         * DifferenceView
         * @description How one number of one path differs between two periods.
         */
        DifferenceView: {
            /**
             * Kind
             * @description What it is.
             * @enum {string}
             */
            kind: "kpi" | "loss" | "reason";
            /**
             * Name
             * @description Slug of the KPI, column of the loss, or `loss/reason`.
             */
            name: string;
            /**
             * Before
             * @description Before: of a KPI its value, in the unit of the catalogue; of a loss or reason its share of planned time
             *     (`not_scheduled_time`: of calendar time), 0 to 1.
             */
            before: number | null;
            /**
             * After
             * @description The same after, in the same unit.
             */
            after: number | null;
            /**
             * Change
             * @description `after` - `before`, in their unit.
             */
            change: number | null;
            /**
             * Before S
             * @description Seconds before; null for KPIs.
             */
            before_s: number | null;
            /**
             * After S
             * @description Seconds after; null for KPIs.
             */
            after_s: number | null;
            /**
             * Days Before
             * @description Days before that have a value: something was planned, and something of it is known.
             */
            days_before: number;
            /**
             * Days After
             * @description Days after that have a value.
             */
            days_after: number;
            /**
             * Coverage Before
             * @description Share of planned time before with a known state, 0 to 1; null: nothing was planned.
             */
            coverage_before: number | null;
            /**
             * Coverage After
             * @description Share of planned time after with a known state, 0 to 1; null: nothing was planned.
             */
            coverage_after: number | null;
            /**
             * Lower
             * @description Lower limit of normal variation for the mean of the days after, in the unit of `before`; null with too few
             *     days.
             */
            lower: number | null;
            /**
             * Upper
             * @description Upper limit, in the same unit; null with too few days.
             */
            upper: number | null;
            /**
             * Outside
             * @description Days before that lie outside their own limits: where there are any, the days before were not steady.
             */
            outside: number | null;
            /**
             * Verdict
             * @description Whether the mean of the days after exceeds normal variation; too few are fewer than 8 days before, or none
             *     after.
             * @enum {string}
             */
            verdict: "exceeds" | "within" | "too_few_days";
            /**
             * Path
             * @description Of what: the park, a factory, a line or a machine.
             */
            path: string;
        };
        /**
         * DropRequest
         * @description Which letters to drop, and why.
         */
        DropRequest: {
            /**
             * Ids
             * @description Numbers of letters, 1 to 1,000.
             */
            ids: number[];
            /**
             * Because
             * @description Why nothing is to become of them, 1 to 1,000 characters; kept with each letter.
             */
            because: string;
        };
        /**
         * DropView
         * @description What became of the letters that were to be dropped.
         */
        DropView: {
            /**
             * Items
             * @description One per number, in the order asked for, each once.
             */
            items: components["schemas"]["DroppedView"][];
        };
        /**
         * DroppedView
         * @description What became of one letter that was to be dropped.
         */
        DroppedView: {
            /**
             * Id
             * @description Names it.
             */
            id: number;
            /**
             * Result
             * @description `dropped`: its payload is gone, its count and the reason stay; `settled`: it was replayed or dropped before, and
             *     nothing was done; `unknown`: there is no such letter, or none any more.
             * @enum {string}
             */
            result: "dropped" | "settled" | "unknown";
            /**
             * Detail
             * @description Of a settled letter what became of it.
             */
            detail: string;
        };
        /**
         * EarlierView
         * @description A version of the window that was told before.
         */
        EarlierView: {
            /**
             * Version
             * @description Which.
             */
            version: number;
            /**
             * Computed
             * Format: date-time
             * @description When it was computed.
             */
            computed: string;
            /**
             * Replaced
             * Format: date-time
             * @description When it was replaced.
             */
            replaced: string;
            /**
             * Reason
             * @description Why it was replaced.
             */
            reason: string;
            /**
             * Changes
             * @description By KPI: what it said, and what the version after it said.
             */
            changes: {
                [key: string]: [
                    number | null,
                    number | null
                ];
            };
        };
        /**
         * EquipmentState
         * @description What a machine does, in the words that utilisation needs.
         *
         *     Each is tied to the time elements of ISO 22400-2 (6.2), OPC 40501-1 (Machine tools, annex C), PackML
         *     (ISA-TR88.00.02 StateCurrent) and MTConnect (execution, controller mode).
         * @enum {string}
         */
        EquipmentState: "producing" | "idle" | "setup" | "planned_stop" | "unplanned_stop" | "off" | "unknown";
        /**
         * EquipmentTree
         * @description One machine.
         */
        EquipmentTree: {
            /**
             * Path
             * @description `factory/line/id`.
             */
            path: string;
            /**
             * Id
             * @description Unique within its line.
             */
            id: string;
            /** @description What people call it. */
            title: components["schemas"]["TitleView"];
            /**
             * Hold For S
             * @description How long a gap of its source is bridged with the state before it, in seconds.
             */
            hold_for_s: number;
            /**
             * State Signal
             * @description Path of the signal that tells its state; null: it has none, and no utilisation.
             */
            state_signal: string | null;
            /**
             * Signals
             * @description Its signals; null where the request left them out.
             */
            signals: components["schemas"]["SignalLeaf"][] | null;
        };
        /**
         * EquipmentView
         * @description One machine.
         */
        EquipmentView: {
            /**
             * Path
             * @description `factory/line/id`.
             */
            path: string;
            /**
             * Id
             * @description Unique within its line.
             */
            id: string;
            /** @description What people call it. */
            title: components["schemas"]["TitleView"];
            /**
             * Factory
             * @description Path of its factory.
             */
            factory: string;
            /**
             * Line
             * @description Path of its line.
             */
            line: string;
            /**
             * Equipment Class
             * @description What kind of machine it is: one name for machines that can do each other's work; null: nobody says.
             */
            equipment_class: string | null;
            /**
             * Calendar
             * @description Name of the calendar that holds for it.
             */
            calendar: string;
            /**
             * Hold For S
             * @description How long a gap of its source is bridged with the state before it, in seconds.
             */
            hold_for_s: number;
            /**
             * Micro Stop S
             * @description A stop or idle stretch shorter than this is a micro-stop, in seconds; 0: there are none.
             */
            micro_stop_s: number;
            /**
             * Ideal Cycle S
             * @description Ideal time per part of products that have none of their own, in seconds; null: not known.
             */
            ideal_cycle_s: number | null;
            /**
             * State Signal
             * @description Path of the signal that tells its state; null: a rule over several tells it, or nothing does.
             */
            state_signal: string | null;
            /**
             * Has State
             * @description Whether its state is told; without one it has no utilisation.
             */
            has_state: boolean;
            /**
             * Kpis
             * @description Slugs of the KPIs for which it has what they need, in the order of the catalogue.
             */
            kpis: string[];
            /**
             * Signals
             * @description How many signals it has.
             */
            signals: number;
        };
        /**
         * EventKind
         * @description What happened to an alert.
         * @enum {string}
         */
        EventKind: "raised" | "repeated" | "worsened" | "returned" | "closed" | "acknowledged" | "commented" | "shelved" | "unshelved" | "suppressed" | "unsuppressed" | "out_of_service" | "in_service" | "reset" | "escalated";
        /**
         * EventPage
         * @description One page of what changed.
         */
        EventPage: {
            /**
             * Items
             * @description The rows of this page, in the order of the route.
             */
            items: components["schemas"]["EventView"][];
            /**
             * Next Page Token
             * @description Send it as `page_token` for the page after this one; null: this is the last one as things stand.
             */
            next_page_token: string | null;
            /**
             * Last
             * @description The place behind the newest event. Of a page without a token it is the place up to which events were looked at:
             *     send it as `after` to be given what follows. One place may have several names.
             */
            last: string;
        };
        /**
         * EventView
         * @description One thing that changed.
         */
        EventView: {
            /**
             * Id
             * @description Names it: `id` of the stream, `webhook-id` of a message, and what `after` takes. Its order is that of the list
             *     or stream, which ids do not say.
             */
            id: string;
            /**
             * At
             * Format: date-time
             * @description When it was told.
             */
            at: string;
            /**
             * Topic
             * @description What it is about, which says what `data` is.
             * @enum {string}
             */
            topic: "alerts" | "states" | "kpis";
            /**
             * Path
             * @description Path of the machine, line or factory that it is about; the park's id for the park.
             */
            path: string;
            /**
             * Data
             * @description What changed.
             */
            data: components["schemas"]["AlertNewsView"] | components["schemas"]["StateEventView"] | components["schemas"]["KpiEventView"];
        };
        /**
         * ExplainedGapView
         * @description A gap of the ledger that touches the window.
         */
        ExplainedGapView: {
            /**
             * Start
             * Format: date-time
             * @description When it began.
             */
            start: string;
            /**
             * End
             * @description When it ended; null while it lasts.
             */
            end: string | null;
            /**
             * Cause
             * @description Why, in words.
             */
            cause: string;
            /**
             * Kind
             * @description Why, in one word: outage, stopped, overflow, sequence, rejected, dropped or damaged.
             */
            kind: string;
            /**
             * State
             * @description open, filled or unfillable.
             */
            state: string;
        };
        /**
         * ExplainedKpiView
         * @description One KPI and what it came from.
         */
        ExplainedKpiView: {
            /**
             * Slug
             * @description A slug of the catalogue.
             */
            slug: string;
            /**
             * Value
             * @description The number, in `unit`; null where it is not defined, and `note` says why.
             */
            value: number | null;
            /**
             * Unit
             * @description UCUM unit of the number.
             */
            unit: string;
            /**
             * Formula
             * @description The formula in the terms of its source.
             */
            formula: string;
            /**
             * Inputs
             * @description What the formula was given: columns of the account.
             */
            inputs: {
                [key: string]: number | null;
            };
            /**
             * Note
             * @description Why it is null or what is odd about it; empty: nothing.
             */
            note: string;
        };
        /**
         * ExplainedLossView
         * @description One row of the loss tree.
         */
        ExplainedLossView: {
            /**
             * Loss
             * @description Column of the account.
             */
            loss: string;
            /**
             * Depth
             * @description How deep it stands in the tree; 0 is the calendar time.
             */
            depth: number;
            /**
             * Seconds
             * @description Seconds of the window.
             */
            seconds: number;
            /**
             * Share
             * @description Share of the calendar time, 0 to 1; null for a window without length.
             */
            share: number | null;
        };
        /**
         * ExplainedStopView
         * @description Stops for one reason.
         */
        ExplainedStopView: {
            /**
             * Loss
             * @description Which loss they are.
             */
            loss: string;
            /**
             * Reason
             * @description Why: a code of the park's stop reasons, or the machine's own word; empty: nobody says.
             */
            reason: string;
            /**
             * Seconds
             * @description How long together, in seconds.
             */
            seconds: number;
            /**
             * Times
             * @description How many of them began in the window: 0 where the only one began before.
             */
            times: number;
        };
        /**
         * ExplanationView
         * @description One window of one machine, with everything that its numbers came from.
         */
        ExplanationView: {
            /**
             * Path
             * @description Path of the machine.
             */
            path: string;
            /**
             * Period
             * @description Kind of window.
             * @enum {string}
             */
            period: "hour" | "shift" | "day" | "week" | "month";
            /**
             * Name
             * @description Name of the shift; empty for hours and days.
             */
            name: string;
            /**
             * Start
             * Format: date-time
             * @description Start of the window.
             */
            start: string;
            /**
             * End
             * Format: date-time
             * @description End of the window, or as far as it is known.
             */
            end: string;
            /**
             * Time Zone
             * @description IANA name of the factory's zone.
             */
            time_zone: string;
            /**
             * Version
             * @description How many times the window has been told; 0: not stored yet.
             */
            version: number;
            /**
             * Computed
             * @description When it was computed last; null: not stored yet.
             */
            computed: string | null;
            /**
             * Reason
             * @description Why it was computed again; empty for the first version.
             */
            reason: string;
            /**
             * Coverage
             * @description Share of planned time with known state, 0 to 1; null when nothing was planned.
             */
            coverage: number | null;
            /**
             * Kpis
             * @description Every KPI that is no column of the account, in the order of the catalogue.
             */
            kpis: components["schemas"]["ExplainedKpiView"][];
            /**
             * Losses
             * @description The loss tree, from the calendar time down.
             */
            losses: components["schemas"]["ExplainedLossView"][];
            /**
             * Account
             * @description Every column of the account: seconds, parts, kW.h.
             */
            account: {
                [key: string]: number | null;
            };
            /**
             * Stops
             * @description Stops by reason, the longest first.
             */
            stops: components["schemas"]["ExplainedStopView"][];
            /**
             * Intervals
             * @description All of the window, instant by instant.
             */
            intervals: components["schemas"]["IntervalView"][];
            /**
             * Steps
             * @description Every step of its counters.
             */
            steps: components["schemas"]["StepView"][];
            /**
             * Products
             * @description What was made.
             */
            products: components["schemas"]["ProductView"][];
            /**
             * Signals
             * @description Paths of the signals that all this came from.
             */
            signals: string[];
            /**
             * Gaps
             * @description Gaps of the ledger that touch it.
             */
            gaps: components["schemas"]["ExplainedGapView"][];
            /**
             * Days
             * @description What the calendar says of its local days: holidays and special days.
             */
            days: {
                [key: string]: string;
            };
            /**
             * Lacks
             * @description What must be configured before anything can be told of the machine; empty: nothing.
             */
            lacks: string;
            /**
             * Restatements
             * @description What was told before, the newest first.
             */
            restatements: components["schemas"]["EarlierView"][];
        };
        /**
         * ExportRequest
         * @description What is wanted as a file.
         */
        ExportRequest: {
            /**
             * What
             * @description Of which kind its rows are.
             * @enum {string}
             */
            what: "samples" | "kpis" | "losses" | "states" | "alerts";
            /**
             * Paths
             * @description Of what, 1,000 at most; none: of all that the caller may see. For `kpis` and `losses` park, factories, lines or
             *     machines themselves; for `states` and `alerts` all below them; for `samples` signals, or all signals below them.
             * @default []
             */
            paths?: string[];
            /**
             * Period
             * @description Of `kpis` and `losses` the kind of window; left out: of `kpis` hours, shifts and days, of `losses` days.
             */
            period?: ("hour" | "shift" | "day" | "week" | "month") | null;
            /**
             * Start
             * Format: date-time
             * @description Start of the window, inclusive; RFC 3339 with a zone.
             */
            start: string;
            /**
             * End
             * Format: date-time
             * @description End of the window, exclusive: 366 days at most for `samples` and `states`, 3,700 for others.
             */
            end: string;
            /**
             * Format
             * @description How the rows are written: a Parquet file, CSV (RFC 4180, UTF-8), or an Arrow IPC file.
             * @default parquet
             * @enum {string}
             */
            format?: "parquet" | "csv" | "arrow";
            /**
             * Lang
             * @description Language of `reason` and `note`.
             * @default en
             * @enum {string}
             */
            lang?: "en" | "zh";
        };
        /**
         * ExportView
         * @description One export.
         */
        ExportView: {
            /**
             * Id
             * @description Names it.
             */
            id: string;
            /** @description What was asked for. */
            asked: components["schemas"]["ExportRequest"];
            /**
             * State
             * @description How it stands: it waits, is being made, can be downloaded, could not be made, or was deleted when its time was
             *     over.
             * @enum {string}
             */
            state: "queued" | "running" | "done" | "failed" | "expired";
            /**
             * Progress
             * @description How much of it is made, 0 to 1.
             */
            progress: number;
            /**
             * Rows
             * @description Rows that are made so far.
             */
            rows: number;
            /**
             * Bytes
             * @description Bytes of its file so far.
             */
            bytes: number;
            /**
             * Sha256
             * @description SHA-256 of its file, in hexadecimal; null until it is done.
             */
            sha256: string | null;
            /**
             * Problem
             * @description Why it failed and what to do; empty where it did not.
             */
            problem: string;
            /**
             * Created
             * Format: date-time
             * @description When it was asked for.
             */
            created: string;
            /**
             * Begun
             * @description When it was begun; null: it waits.
             */
            begun: string | null;
            /**
             * Ended
             * @description When it was done, or had failed; null: it has not come so far.
             */
            ended: string | null;
            /**
             * Expires
             * @description When its file is deleted; null: it has none.
             */
            expires: string | null;
            /**
             * File
             * @description Address of its file; null where there is none.
             */
            file: string | null;
        };
        /**
         * ExtentView
         * @description Of what a dataset tells.
         */
        ExtentView: {
            /**
             * Path
             * @description Of this and all below it: the park's id, or `factory[/line/equipment]`.
             */
            path: string;
            /**
             * Factories
             * @description How many factories it is about.
             */
            factories: number;
            /**
             * Lines
             * @description How many lines.
             */
            lines: number;
            /**
             * Equipment
             * @description How many machines.
             */
            equipment: number;
            /**
             * Signals
             * @description How many signals these have.
             */
            signals: number;
        };
        /**
         * FactoryTree
         * @description One factory.
         */
        FactoryTree: {
            /**
             * Path
             * @description Its id.
             */
            path: string;
            /**
             * Id
             * @description Unique in the park.
             */
            id: string;
            /** @description What people call it. */
            title: components["schemas"]["TitleView"];
            /**
             * Time Zone
             * @description IANA name; its days and shifts are counted in it.
             */
            time_zone: string;
            /**
             * Lines
             * @description Its lines.
             */
            lines: components["schemas"]["LineTree"][];
        };
        /**
         * FactoryView
         * @description One factory.
         */
        FactoryView: {
            /**
             * Path
             * @description Its id.
             */
            path: string;
            /**
             * Id
             * @description Unique in the park.
             */
            id: string;
            /** @description What people call it. */
            title: components["schemas"]["TitleView"];
            /**
             * Park
             * @description Id of its park.
             */
            park: string;
            /**
             * Time Zone
             * @description IANA name; its days and shifts are counted in it.
             */
            time_zone: string;
            /**
             * Calendar
             * @description Name of the calendar of its lines, unless they have another.
             */
            calendar: string;
            /**
             * Lines
             * @description How many lines it has.
             */
            lines: number;
            /**
             * Equipment
             * @description How many machines stand in these.
             */
            equipment: number;
            /**
             * Signals
             * @description How many signals those have.
             */
            signals: number;
        };
        /**
         * FieldView
         * @description One field of a dataset's rows.
         */
        FieldView: {
            /**
             * Name
             * @description Its name.
             */
            name: string;
            /**
             * Type
             * @description Type of its values: `instant` is RFC 3339 in UTC, `day` a local day as 2026-03-02, `truth` true or false, `any`
             *     whatever the signal has.
             * @enum {string}
             */
            type: "text" | "instant" | "day" | "number" | "integer" | "truth" | "list" | "object" | "any";
            /**
             * Unit
             * @description UCUM unit of its values, `1` for ratios and counts; null where they have none, or each row its own.
             */
            unit: string | null;
            /** @description What it says, and when it is null, by language. */
            meaning: components["schemas"]["TitleView"];
        };
        /**
         * FilledBy
         * @description What filled a gap.
         * @enum {string}
         */
        FilledBy: "redelivery" | "rebirth" | "history" | "recording" | "letters";
        /**
         * FrequentAlertView
         * @description One of the most frequent alarm points.
         */
        FrequentAlertView: {
            /**
             * Equipment
             * @description Path of the machine or line; the park's id, where it is about neither.
             */
            equipment: string;
            /**
             * Signal
             * @description What it was seen on, as in alerts.
             */
            signal: string;
            /**
             * Detector
             * @description What saw it: the slug of a detector.
             */
            detector: string;
            /** @description What people call what it sees. */
            detector_title: components["schemas"]["TitleView"];
            /**
             * Key
             * @description Which of the signal's alerts it is, such as `high:80`.
             */
            key: string;
            /**
             * Annunciations
             * @description How often it asked people for something.
             */
            annunciations: number;
            /**
             * Occurrences
             * @description How often its cause began, as far as the events of the period tell.
             */
            occurrences: number;
            /**
             * Share
             * @description Its part of all annunciations, 0 to 1.
             */
            share: number;
        };
        /**
         * GapKind
         * @description What made a gap, in one word that programs read; its cause tells the same in words for a person.
         * @enum {string}
         */
        GapKind: "outage" | "stopped" | "overflow" | "sequence" | "rejected" | "dropped" | "damaged";
        /**
         * GapView
         * @description An interval in which a source may have missed samples, half-open: [start, end).
         */
        GapView: {
            /**
             * Id
             * @description Names it.
             */
            id: number;
            /**
             * Source
             * @description Name of the source.
             */
            source: string;
            /**
             * Signals
             * @description Paths concerned, as far as the caller may see them; empty: every signal of the source.
             */
            signals: string[];
            /**
             * Start
             * Format: date-time
             * @description First instant that may be missing.
             */
            start: string;
            /**
             * End
             * @description First instant known again; null while it lasts.
             */
            end: string | null;
            /**
             * Cause
             * @description What happened, in words.
             */
            cause: string;
            /**
             * @description What happened: `outage` (the link was not open), `stopped` (the collector was not running), `overflow` (of a
             *     queue of the sender), `sequence` (messages never arrived), `rejected` (by the store), `dropped` (from the spool, as
             *     a person chose) or `damaged` (it cannot be read).
             */
            kind: components["schemas"]["GapKind"];
            /**
             * State
             * @description `open`: samples may be missing; `filled`: they came later, and are stored; `unfillable`: the source cannot give
             *     them.
             * @enum {string}
             */
            state: "open" | "filled" | "unfillable";
            /**
             * @description What filled it: `redelivery` (the sender had kept it), `rebirth` (a Sparkplug node told anew), `history` (the
             *     source's own), `recording` (a file) or `letters` (dead letters that were replayed); null while nothing has.
             */
            filled_by: components["schemas"]["FilledBy"] | null;
            /**
             * Samples
             * @description How many samples filled it; 0: nothing had happened; null where nobody counted, or where signals are among them
             *     that the caller may not see.
             */
            samples: number | null;
            /**
             * Resolved
             * @description When it was found filled or unfillable; null while it is open.
             */
            resolved: string | null;
            /**
             * Reason
             * @description Why it is unfillable, in words; empty otherwise.
             */
            reason: string;
            /**
             * Part Of
             * @description Number of the gap that it is a part of: a gap is cut when a part of it is filled; null: it is whole.
             */
            part_of: number | null;
        };
        /**
         * HealthHourView
         * @description How well a machine was in one hour.
         */
        HealthHourView: {
            /**
             * Equipment
             * @description Path of the machine.
             */
            equipment: string;
            /**
             * Hour
             * Format: date-time
             * @description Begin of the hour.
             */
            hour: string;
            /**
             * Lowest
             * @description The lowest score of the hour, 0 to 100.
             */
            lowest: number;
            /**
             * Newest
             * @description The last score of the hour, 0 to 100.
             */
            newest: number;
            /**
             * Parts
             * @description What the lowest was made of: alerts that lasted, and numbers with how near their limits they were.
             */
            parts: components["schemas"]["HealthPartView"][];
        };
        /**
         * HealthPartView
         * @description What one thing costs a machine's score.
         */
        HealthPartView: {
            /**
             * Detector
             * @description What sees it: the slug of a detector.
             */
            detector: string;
            /** @description What people call what it sees. */
            title: components["schemas"]["TitleView"];
            /**
             * Subject
             * @description Path of the signal that it is about; of the machine, where several tell it together.
             */
            subject: string;
            /** @description What people call that. */
            subject_title: components["schemas"]["TitleView"];
            /**
             * Name
             * @description Which of the detector's numbers it is, or which of its alerts.
             */
            name: string;
            /**
             * Kind
             * @description Whether an alert lasts, or a number comes near its limit.
             * @enum {string}
             */
            kind: "alert" | "indicator";
            /**
             * Lost
             * @description Points that it costs, 0 to 100. The worst part costs all of its points, each further one half as much as the one
             *     before would.
             */
            lost: number;
            /**
             * Ratio
             * @description How near the limit the number is, a ratio from 0: its value as a part of it; null for an alert.
             */
            ratio?: number | null;
            /** @description Priority of the alert; null for a number. */
            severity?: components["schemas"]["Severity"] | null;
        };
        /**
         * HealthScoreView
         * @description How well one machine is.
         */
        HealthScoreView: {
            /**
             * Equipment
             * @description Path of the machine.
             */
            equipment: string;
            /** @description What people call it. */
            title: components["schemas"]["TitleView"];
            /**
             * Score
             * @description Points, 0 to 100. 100: nothing is known but good; 0: the worst. Null: nothing is known of it any more.
             */
            score: number | null;
            /**
             * At
             * Format: date-time
             * @description When the score changed last.
             */
            at: string;
            /**
             * Parts
             * @description What it is made of, what costs most first; what they cost adds up to 100 less the score.
             */
            parts: components["schemas"]["HealthPartView"][];
        };
        /**
         * HealthView
         * @description The process answers.
         */
        HealthView: {
            /**
             * Status
             * @description Always `ok`: a process that cannot say so says nothing.
             * @constant
             */
            status: "ok";
        };
        /**
         * IndicatorView
         * @description A number that says something of a machine's health, as it stands.
         */
        IndicatorView: {
            /**
             * Equipment
             * @description Path of the machine.
             */
            equipment: string;
            /**
             * Detector
             * @description What computes it: the slug of a detector.
             */
            detector: string;
            /**
             * Subject
             * @description Path of the signal that it is computed of; of the machine, where it is of several.
             */
            subject: string;
            /** @description What people call that. */
            subject_title: components["schemas"]["TitleView"];
            /**
             * Name
             * @description Which of the detector's numbers it is, such as `high` or `t2`.
             */
            name: string;
            /**
             * Value
             * @description The number; in standard deviations, or in the unit of its detector. Only beside `limit` does it say much.
             */
            value: number;
            /**
             * Limit
             * @description From where on it is an alert, in the unit of the value; above 0.
             */
            limit: number;
            /**
             * Ratio
             * @description How near its limit it is, a ratio from 0: `value / limit`, so 1 is at the limit and more is beyond.
             */
            ratio: number;
            /**
             * At
             * Format: date-time
             * @description Of which instant it is, by the machine's clock.
             */
            at: string;
            /**
             * Heard
             * Format: date-time
             * @description When the detector told it last; what was not told for a day is left out.
             */
            heard: string;
        };
        /**
         * IntervalView
         * @description An interval of the window, half-open: [start, end). Intervals follow each other without a hole.
         */
        IntervalView: {
            /**
             * Start
             * Format: date-time
             * @description When it began.
             */
            start: string;
            /**
             * End
             * Format: date-time
             * @description When it ended.
             */
            end: string;
            /**
             * Loss
             * @description The loss it belongs to; production that can be judged is divided into productive, quality_loss, speed_loss.
             */
            loss: string;
            /**
             * Reason
             * @description Why the machine stood; empty: it did not, or nobody says.
             */
            reason: string;
            /**
             * State
             * @description What the machine did.
             */
            state: string;
            /**
             * Raw
             * @description The machine's own word for it; empty: none.
             */
            raw: string;
        };
        /**
         * KindView
         * @description One kind of problem.
         */
        KindView: {
            /**
             * Type
             * @description URI of the kind, relative to the API.
             */
            type: string;
            /**
             * Status
             * @description The HTTP status it is answered with.
             */
            status: number;
            /**
             * Title
             * @description What it is.
             */
            title: string;
            /**
             * Remedy
             * @description What to do about it.
             */
            remedy: string;
        };
        /**
         * KpiEventView
         * @description Numbers of a window that is over, or that was told before and is told anew (`topic`: `kpis`).
         */
        KpiEventView: {
            /**
             * Period
             * @description What kind of window it is.
             * @enum {string}
             */
            period: "hour" | "shift" | "day";
            /**
             * Name
             * @description The shift's name; empty for hours and days.
             */
            name: string;
            /**
             * Start
             * Format: date-time
             * @description First instant of the window.
             */
            start: string;
            /**
             * End
             * Format: date-time
             * @description First instant after it.
             */
            end: string;
            /**
             * Version
             * @description How many times it has been told, from 1. Each version of a window is told once.
             */
            version: number;
            /**
             * Computed
             * Format: date-time
             * @description When it was computed.
             */
            computed: string;
            /**
             * Reason
             * @description Why it was told again; empty for the first version.
             */
            reason: string;
            /**
             * Withdrawn
             * @description true: the calendar does not have this window any more; it has no numbers.
             */
            withdrawn: boolean;
            /**
             * Coverage
             * @description Share of planned time with a known state, 0 to 1; null when nothing was planned.
             */
            coverage: number | null;
            /**
             * Values
             * @description Every KPI of the catalogue by slug, in its unit (s, ratios 0 to 1); null where it is not defined.
             */
            values: {
                [key: string]: number | null;
            };
        };
        /**
         * KpiView
         * @description One entry of the catalogue.
         */
        KpiView: {
            /**
             * Slug
             * @description Its name in results and requests.
             */
            slug: string;
            /** @description What people call it. */
            title: components["schemas"]["TitleView"];
            /**
             * Unit
             * @description UCUM unit: `s` for times, `1` for ratios and parts, `/h` for parts per hour, `kW.h`.
             */
            unit: string;
            /**
             * Kind
             * @description A time, a count and an energy add up over machines and windows; a ratio and a rate do not.
             * @enum {string}
             */
            kind: "time" | "ratio" | "count" | "rate" | "energy";
            /**
             * Source
             * @description The clause that defines it, and where ours differs.
             */
            source: string;
            /**
             * Formula
             * @description The formula in the terms of its source; empty for what is measured and not computed.
             */
            formula: string;
            /**
             * Inputs
             * @description What it is computed from: times and counts of a window, which are KPIs themselves or part of its account.
             */
            inputs: string[];
            /**
             * Needs
             * @description What a machine must have configured for it: `total` (parts are counted), `quality` (good or rejected parts are),
             *     `ideal_cycle`, `rework`, `energy`.
             */
            needs: string[];
            /**
             * Level
             * @description `equipment`: it means nothing above a single machine, and is null there.
             * @enum {string}
             */
            level: "any" | "equipment";
        };
        /**
         * LatestView
         * @description The newest sample of one signal.
         */
        LatestView: {
            /**
             * Signal
             * @description Path of the signal.
             */
            signal: string;
            /**
             * Time
             * Format: date-time
             * @description Source time, as of any sample.
             */
            time: string;
            /**
             * Value
             * @description The value, in the signal's type and unit, as of any sample.
             */
            value: number | boolean | string | null;
            /**
             * Quality
             * @description The severity of `status`.
             * @enum {string}
             */
            quality: "good" | "uncertain" | "bad";
            /**
             * Status
             * @description OPC UA StatusCode; 0 is Good.
             */
            status: number;
            /**
             * Received
             * Format: date-time
             * @description When parkline had it in hand; RFC 3339 in UTC.
             */
            received: string;
        };
        /**
         * LimitView
         * @description A limit of a signal, beyond which it is an alert.
         */
        LimitView: {
            /**
             * High
             * @description Alert above this, in the signal's unit; null: no such side.
             */
            high: number | null;
            /**
             * Low
             * @description Alert below this, in the signal's unit; null: no such side.
             */
            low: number | null;
            /**
             * Hysteresis
             * @description How far the value must come back inside before the alert ends, in the signal's unit.
             */
            hysteresis: number;
            /** @description How grave its alerts are. */
            severity: components["schemas"]["Severity"];
            /**
             * On Delay S
             * @description How long it must be so before the alert begins, in seconds.
             */
            on_delay_s: number;
            /**
             * Off Delay S
             * @description How long it must be over before the alert ends, in seconds.
             */
            off_delay_s: number;
            /**
             * Count
             * @description How many samples in a row must say so before the alert begins.
             */
            count: number;
            /**
             * Latching
             * @description Whether the alert stays active after its cause is gone, until somebody resets it.
             */
            latching: boolean;
            /**
             * When
             * @description When its alerts are told: always, or only while the machine, or any machine of its line, is producing.
             * @enum {string}
             */
            when: "always" | "machine_runs" | "line_runs";
        };
        /**
         * LineTree
         * @description One production line.
         */
        LineTree: {
            /**
             * Path
             * @description `factory/id`.
             */
            path: string;
            /**
             * Id
             * @description Unique within its factory.
             */
            id: string;
            /** @description What people call it. */
            title: components["schemas"]["TitleView"];
            /**
             * Sources
             * @description Names of its sources.
             */
            sources: string[];
            /**
             * Equipment
             * @description Its machines.
             */
            equipment: components["schemas"]["EquipmentTree"][];
        };
        /**
         * LineView
         * @description One production line.
         */
        LineView: {
            /**
             * Path
             * @description `factory/id`.
             */
            path: string;
            /**
             * Id
             * @description Unique within its factory.
             */
            id: string;
            /** @description What people call it. */
            title: components["schemas"]["TitleView"];
            /**
             * Factory
             * @description Path of its factory.
             */
            factory: string;
            /**
             * Calendar
             * @description Name of the calendar of its machines, unless they have another.
             */
            calendar: string;
            /**
             * Sources
             * @description Names of its sources.
             */
            sources: string[];
            /**
             * Bottleneck
             * @description Path of the machine that is configured to limit it; null: the one with the longest ideal cycle counts as such.
             */
            bottleneck: string | null;
            /**
             * Equipment
             * @description How many machines stand in it.
             */
            equipment: number;
            /**
             * Signals
             * @description How many signals those have.
             */
            signals: number;
        };
        /**
         * LossPartView
         * @description A part of one window's calendar time; the rows of a window add up to all of it.
         */
        LossPartView: {
            /**
             * Path
             * @description `factory[/line[/equipment]]`, or the park's id.
             */
            path: string;
            /**
             * Period
             * @description Kind of window: local hour, shift, local day, ISO week or month of the factory.
             * @enum {string}
             */
            period: "hour" | "shift" | "day" | "week" | "month";
            /**
             * Name
             * @description Name of the shift; `2026-W10` for weeks, `2026-03` for months; empty for hours and days.
             */
            name: string;
            /**
             * Start
             * Format: date-time
             * @description Start of the window.
             */
            start: string;
            /**
             * End
             * Format: date-time
             * @description End of the window, or as far as is known of it.
             */
            end: string;
            /**
             * Loss
             * @description What it was lost to, or `productive`: good parts at ideal speed. `unjudged`: production of which it cannot be
             *     said how good it was.
             * @enum {string}
             */
            loss: "not_scheduled" | "planned_stop" | "unknown" | "unplanned_stop" | "idle" | "off" | "setup" | "micro_stop" | "speed_loss" | "quality_loss" | "productive" | "unjudged";
            /**
             * Reason
             * @description Of stops why, as signals, alarms or people gave it; empty where nobody did; null for what has no reasons.
             */
            reason: string | null;
            /**
             * Seconds
             * @description How long; of what is above a machine in machine-seconds. Parts that took no time have no row.
             */
            seconds: number;
            /**
             * Share
             * @description Its share of the calendar time of the window, 0 to 1.
             */
            share: number;
            /**
             * Times
             * @description How many such stops began in the window; null where they were not counted, and for what has no reasons.
             */
            times: number | null;
            /**
             * Version
             * @description How many times the window has been told, from 1; of weeks and months 1 + how often their days were restated.
             */
            version: number;
            /**
             * Computed
             * Format: date-time
             * @description When it was computed; of weeks and months the newest of their days.
             */
            computed: string;
        };
        /**
         * LossView
         * @description One line of the loss tree.
         */
        LossView: {
            /**
             * Loss
             * @description Which part of calendar time: a column of the account; or `unjudged_time`, production whose speed is not known.
             */
            loss: string;
            /**
             * Depth
             * @description How deep it lies: 0 is calendar time, each part follows what it is a part of.
             */
            depth: number;
            /**
             * Seconds
             * @description Its seconds.
             */
            seconds: number;
            /**
             * Of Calendar
             * @description Its share of calendar time, 0 to 1.
             */
            of_calendar: number | null;
            /**
             * Of Planned
             * @description Its share of planned time, 0 to 1; null for what is not planned.
             */
            of_planned: number | null;
            /**
             * Count
             * @description How many failures, for unplanned stops; else null.
             */
            count: number | null;
        };
        /**
         * LossesView
         * @description A report: periods, the loss tree and the stops of all of them.
         */
        LossesView: {
            /**
             * Path
             * @description Of what: the park, a factory, a line or a machine.
             */
            path: string;
            /**
             * Period
             * @description What it is divided into.
             * @enum {string}
             */
            period: "day" | "week" | "month";
            /**
             * Time Zone
             * @description Whose local days these are, by IANA name.
             */
            time_zone: string;
            /**
             * First
             * Format: date
             * @description First local day asked for.
             */
            first: string;
            /**
             * Until
             * Format: date
             * @description First local day after those asked for.
             */
            until: string;
            /** @description All days together; null where there are no results. */
            whole: components["schemas"]["SumsView"] | null;
            /**
             * Periods
             * @description Each period that has results, in order.
             */
            periods: components["schemas"]["PeriodView"][];
            /**
             * Losses
             * @description The loss tree of all days together.
             */
            losses: components["schemas"]["LossView"][];
            /**
             * Stops
             * @description Stops by reason, the longest first; planned stops are not among them.
             */
            stops: components["schemas"]["StopView"][];
        };
        /**
         * MachineFaultsView
         * @description How well one machine is, and every number that says so.
         */
        MachineFaultsView: {
            /**
             * Equipment
             * @description Path of the machine.
             */
            equipment: string;
            /** @description What people call it. */
            title: components["schemas"]["TitleView"];
            /**
             * Score
             * @description Points, 0 to 100. 100: nothing is known but good; 0: the worst. Null: nothing is known of it.
             */
            score: number | null;
            /**
             * At
             * @description When the score changed last; null: there never was one.
             */
            at: string | null;
            /**
             * Parts
             * @description What it is made of, what costs most first; what they cost adds up to 100 less the score.
             */
            parts: components["schemas"]["HealthPartView"][];
            /**
             * Indicators
             * @description Its numbers, by detector, subject and name.
             */
            indicators: components["schemas"]["IndicatorView"][];
        };
        /**
         * MachineSpanView
         * @description An interval in one state of one machine, half-open: [start, end).
         */
        MachineSpanView: {
            /**
             * Start
             * Format: date-time
             * @description When it began, or the start of the window asked for.
             */
            start: string;
            /**
             * End
             * Format: date-time
             * @description When it ended, the end of the window, or as far as is known.
             */
            end: string;
            /** @description What the machine did. */
            state: components["schemas"]["EquipmentState"];
            /**
             * Raw
             * @description The machine's own word for it, as its state signal reported it; null where no report holds.
             */
            raw: string | null;
            /**
             * Path
             * @description The machine.
             */
            path: string;
        };
        /**
         * NewWebhookView
         * @description One webhook, and its secret, which is shown this once.
         */
        NewWebhookView: {
            /**
             * Id
             * @description Names it.
             */
            id: string;
            /**
             * Owner
             * @description Id of the caller whose it is.
             */
            owner: string;
            /**
             * Url
             * @description Address of the receiver; scheme and host alone, where it is not one's own.
             */
            url: string;
            /**
             * Title
             * @description What its owner calls it.
             */
            title: string;
            /**
             * Topics
             * @description What events are about; null: whatever it is.
             */
            topics: string[] | null;
            /**
             * Paths
             * @description Paths, each with all below it; null: all that its owner may see.
             */
            paths: string[] | null;
            /**
             * Severities
             * @description Priorities of alerts; null: whatever they have.
             */
            severities: string[] | null;
            /**
             * Enabled
             * @description Whether events are posted to it.
             */
            enabled: boolean;
            /**
             * State
             * @description How it stands: it works; its receiver does not take the next message, which is tried again, or `reason` says what
             *     is in the way; its owner may be told nothing at present (keys revoked or expired, a token too long ago); it is not
             *     enabled.
             * @enum {string}
             */
            state: "active" | "failing" | "paused" | "disabled";
            /**
             * Reason
             * @description Why it was disabled, where its owner did not do it; where it is enabled, what is in the way that is not its
             *     receiver's doing; else empty.
             */
            reason: string;
            /**
             * Created
             * Format: date-time
             * @description When it was made.
             */
            created: string;
            /**
             * Changed
             * Format: date-time
             * @description When it was changed last.
             */
            changed: string;
            /**
             * Failing Since
             * @description Since when its receiver takes nothing; null: it takes what it is sent. After 5 days the webhook is disabled.
             */
            failing_since?: string | null;
            /**
             * Next Attempt
             * @description When the message that was not taken is tried again; null: none waits for that.
             */
            next_attempt?: string | null;
            /**
             * Last Delivered
             * @description When its receiver last took something; null: it never did.
             */
            last_delivered?: string | null;
            /**
             * Old Secret Until
             * @description Until when messages are signed with the secret before this one, too; null: they are not.
             */
            old_secret_until?: string | null;
            /**
             * Secret
             * @description What messages are signed with (Standard Webhooks): `whsec_` and the key in base64.
             */
            secret: string;
        };
        /**
         * OpenDataView
         * @description A view: what a consumer may read.
         */
        OpenDataView: {
            /**
             * View
             * @description Its name, and the last segment of its address.
             */
            view: string;
            /** @description What people call it. */
            title: components["schemas"]["TitleView"];
            /** @description What it is good for. */
            about: components["schemas"]["TitleView"];
            /**
             * Dataset
             * @description What its numbers are about: what machines did, where their time went, how many alerts began, what they have to
             *     spare in the coming days.
             * @enum {string}
             */
            dataset: "kpis" | "losses" | "alerts" | "capacity";
            /**
             * By
             * @description What they are summed by; factories, lines and equipment are called by pseudonyms.
             * @enum {string}
             */
            by: "park" | "class" | "factory" | "line" | "equipment";
            /**
             * Period
             * @description What they are summed over: local days, weeks from Monday (ISO 8601), months.
             * @enum {string}
             */
            period: "day" | "week" | "month";
            /**
             * Numbers
             * @description Which numbers it tells.
             */
            numbers: components["schemas"]["OpenNumberView"][];
            /**
             * Fields
             * @description Fields that its rows have.
             */
            fields: string[];
            /**
             * Factories
             * @description Each number is of so many factories at least.
             */
            factories: number;
            /**
             * Machines
             * @description Each number is of so many machines at least.
             */
            machines: number;
            /**
             * Delay S
             * @description How long after its end a period is told, in seconds; null: it is told before, when its last day is 7 days
             *     away.
             */
            delay_s: number | null;
            /**
             * First
             * Format: date
             * @description The first local day that is told of.
             */
            first: string;
            /**
             * Told Until
             * @description The first local day that is not told of yet; null: nothing has been told.
             */
            told_until: string | null;
            /**
             * Licence
             * @description Under what terms it may be used; empty: nobody says.
             */
            licence: string;
            /**
             * Contact
             * @description Who answers questions about it; empty: nobody says.
             */
            contact: string;
        };
        /**
         * OpenNumberView
         * @description One number that a view tells.
         */
        OpenNumberView: {
            /**
             * Slug
             * @description Its name in rows.
             */
            slug: string;
            /** @description What people call it. */
            title: components["schemas"]["TitleView"];
            /**
             * Unit
             * @description UCUM unit: `s` for times, `1` for ratios, parts and alerts.
             */
            unit: string;
            /**
             * Rounded To
             * @description It is told as a multiple of this, in its unit; null: it is not rounded.
             */
            rounded_to: number | null;
        };
        /**
         * OpenPage
         * @description One page of a view.
         */
        OpenPage: {
            /**
             * Items
             * @description The rows of this page, in the order of the route.
             */
            items: components["schemas"]["OpenRowView"][];
            /**
             * Next Page Token
             * @description Send it as `page_token` for the page after this one; null: this is the last one as things stand.
             */
            next_page_token: string | null;
            /**
             * Told Until
             * @description The first local day that is not told of yet; null: nothing has been told.
             */
            told_until: string | null;
        };
        /**
         * OpenRowView
         * @description One number of one group over one period.
         */
        OpenRowView: {
            /**
             * Group
             * @description A class of machines, a pseudonym, or `all` for the whole park.
             */
            group: string;
            /**
             * Period
             * @description What it is summed over.
             * @enum {string}
             */
            period: "day" | "week" | "month";
            /**
             * Name
             * @description The period's name: 2026-03-02, 2026-W10 or 2026-03. Not in views that drop it.
             * @default
             */
            name?: string;
            /**
             * Start
             * Format: date
             * @description First day, local to each factory.
             */
            start: string;
            /**
             * End
             * Format: date
             * @description First day after it.
             */
            end: string;
            /**
             * Kpi
             * @description Which number.
             */
            kpi: string;
            /**
             * Value
             * @description The number, in its unit; null where it is suppressed or not defined.
             */
            value: number | null;
            /**
             * Unit
             * @description UCUM unit of the number. Not in views that drop it.
             * @default
             */
            unit?: string;
            /**
             * Coverage
             * @description Share of planned time with a known state, 0 to 1; null where it is suppressed, and of alerts and capacity. Not
             *     in views that drop it.
             */
            coverage?: number | null;
            /**
             * Suppressed
             * @description Whether it is not told, since it would tell of too few, or there is nothing to tell.
             */
            suppressed: boolean;
        };
        /** Paged[AlertView] */
        Paged_AlertView_: {
            /**
             * Items
             * @description The rows of this page, in the order of the route.
             */
            items: components["schemas"]["AlertView"][];
            /**
             * Next Page Token
             * @description Send it as `page_token` for the page after this one; null: this is the last one as things stand.
             */
            next_page_token: string | null;
        };
        /** Paged[AuditView] */
        Paged_AuditView_: {
            /**
             * Items
             * @description The rows of this page, in the order of the route.
             */
            items: components["schemas"]["AuditView"][];
            /**
             * Next Page Token
             * @description Send it as `page_token` for the page after this one; null: this is the last one as things stand.
             */
            next_page_token: string | null;
        };
        /** Paged[CurrentStateView] */
        Paged_CurrentStateView_: {
            /**
             * Items
             * @description The rows of this page, in the order of the route.
             */
            items: components["schemas"]["CurrentStateView"][];
            /**
             * Next Page Token
             * @description Send it as `page_token` for the page after this one; null: this is the last one as things stand.
             */
            next_page_token: string | null;
        };
        /** Paged[DatasetView] */
        Paged_DatasetView_: {
            /**
             * Items
             * @description The rows of this page, in the order of the route.
             */
            items: components["schemas"]["DatasetView"][];
            /**
             * Next Page Token
             * @description Send it as `page_token` for the page after this one; null: this is the last one as things stand.
             */
            next_page_token: string | null;
        };
        /** Paged[DeadLetterView] */
        Paged_DeadLetterView_: {
            /**
             * Items
             * @description The rows of this page, in the order of the route.
             */
            items: components["schemas"]["DeadLetterView"][];
            /**
             * Next Page Token
             * @description Send it as `page_token` for the page after this one; null: this is the last one as things stand.
             */
            next_page_token: string | null;
        };
        /** Paged[DeliveryView] */
        Paged_DeliveryView_: {
            /**
             * Items
             * @description The rows of this page, in the order of the route.
             */
            items: components["schemas"]["DeliveryView"][];
            /**
             * Next Page Token
             * @description Send it as `page_token` for the page after this one; null: this is the last one as things stand.
             */
            next_page_token: string | null;
        };
        /** Paged[DetectorView] */
        Paged_DetectorView_: {
            /**
             * Items
             * @description The rows of this page, in the order of the route.
             */
            items: components["schemas"]["DetectorView"][];
            /**
             * Next Page Token
             * @description Send it as `page_token` for the page after this one; null: this is the last one as things stand.
             */
            next_page_token: string | null;
        };
        /** Paged[DifferenceView] */
        Paged_DifferenceView_: {
            /**
             * Items
             * @description The rows of this page, in the order of the route.
             */
            items: components["schemas"]["DifferenceView"][];
            /**
             * Next Page Token
             * @description Send it as `page_token` for the page after this one; null: this is the last one as things stand.
             */
            next_page_token: string | null;
        };
        /** Paged[EquipmentView] */
        Paged_EquipmentView_: {
            /**
             * Items
             * @description The rows of this page, in the order of the route.
             */
            items: components["schemas"]["EquipmentView"][];
            /**
             * Next Page Token
             * @description Send it as `page_token` for the page after this one; null: this is the last one as things stand.
             */
            next_page_token: string | null;
        };
        /** Paged[ExportView] */
        Paged_ExportView_: {
            /**
             * Items
             * @description The rows of this page, in the order of the route.
             */
            items: components["schemas"]["ExportView"][];
            /**
             * Next Page Token
             * @description Send it as `page_token` for the page after this one; null: this is the last one as things stand.
             */
            next_page_token: string | null;
        };
        /** Paged[FactoryView] */
        Paged_FactoryView_: {
            /**
             * Items
             * @description The rows of this page, in the order of the route.
             */
            items: components["schemas"]["FactoryView"][];
            /**
             * Next Page Token
             * @description Send it as `page_token` for the page after this one; null: this is the last one as things stand.
             */
            next_page_token: string | null;
        };
        /** Paged[GapView] */
        Paged_GapView_: {
            /**
             * Items
             * @description The rows of this page, in the order of the route.
             */
            items: components["schemas"]["GapView"][];
            /**
             * Next Page Token
             * @description Send it as `page_token` for the page after this one; null: this is the last one as things stand.
             */
            next_page_token: string | null;
        };
        /** Paged[HealthHourView] */
        Paged_HealthHourView_: {
            /**
             * Items
             * @description The rows of this page, in the order of the route.
             */
            items: components["schemas"]["HealthHourView"][];
            /**
             * Next Page Token
             * @description Send it as `page_token` for the page after this one; null: this is the last one as things stand.
             */
            next_page_token: string | null;
        };
        /** Paged[HealthScoreView] */
        Paged_HealthScoreView_: {
            /**
             * Items
             * @description The rows of this page, in the order of the route.
             */
            items: components["schemas"]["HealthScoreView"][];
            /**
             * Next Page Token
             * @description Send it as `page_token` for the page after this one; null: this is the last one as things stand.
             */
            next_page_token: string | null;
        };
        /** Paged[IndicatorView] */
        Paged_IndicatorView_: {
            /**
             * Items
             * @description The rows of this page, in the order of the route.
             */
            items: components["schemas"]["IndicatorView"][];
            /**
             * Next Page Token
             * @description Send it as `page_token` for the page after this one; null: this is the last one as things stand.
             */
            next_page_token: string | null;
        };
        /** Paged[KpiView] */
        Paged_KpiView_: {
            /**
             * Items
             * @description The rows of this page, in the order of the route.
             */
            items: components["schemas"]["KpiView"][];
            /**
             * Next Page Token
             * @description Send it as `page_token` for the page after this one; null: this is the last one as things stand.
             */
            next_page_token: string | null;
        };
        /** Paged[LatestView] */
        Paged_LatestView_: {
            /**
             * Items
             * @description The rows of this page, in the order of the route.
             */
            items: components["schemas"]["LatestView"][];
            /**
             * Next Page Token
             * @description Send it as `page_token` for the page after this one; null: this is the last one as things stand.
             */
            next_page_token: string | null;
        };
        /** Paged[LineView] */
        Paged_LineView_: {
            /**
             * Items
             * @description The rows of this page, in the order of the route.
             */
            items: components["schemas"]["LineView"][];
            /**
             * Next Page Token
             * @description Send it as `page_token` for the page after this one; null: this is the last one as things stand.
             */
            next_page_token: string | null;
        };
        /** Paged[LossPartView] */
        Paged_LossPartView_: {
            /**
             * Items
             * @description The rows of this page, in the order of the route.
             */
            items: components["schemas"]["LossPartView"][];
            /**
             * Next Page Token
             * @description Send it as `page_token` for the page after this one; null: this is the last one as things stand.
             */
            next_page_token: string | null;
        };
        /** Paged[MachineSpanView] */
        Paged_MachineSpanView_: {
            /**
             * Items
             * @description The rows of this page, in the order of the route.
             */
            items: components["schemas"]["MachineSpanView"][];
            /**
             * Next Page Token
             * @description Send it as `page_token` for the page after this one; null: this is the last one as things stand.
             */
            next_page_token: string | null;
        };
        /** Paged[OpenDataView] */
        Paged_OpenDataView_: {
            /**
             * Items
             * @description The rows of this page, in the order of the route.
             */
            items: components["schemas"]["OpenDataView"][];
            /**
             * Next Page Token
             * @description Send it as `page_token` for the page after this one; null: this is the last one as things stand.
             */
            next_page_token: string | null;
        };
        /** Paged[ParkView] */
        Paged_ParkView_: {
            /**
             * Items
             * @description The rows of this page, in the order of the route.
             */
            items: components["schemas"]["ParkView"][];
            /**
             * Next Page Token
             * @description Send it as `page_token` for the page after this one; null: this is the last one as things stand.
             */
            next_page_token: string | null;
        };
        /** Paged[RestatementView] */
        Paged_RestatementView_: {
            /**
             * Items
             * @description The rows of this page, in the order of the route.
             */
            items: components["schemas"]["RestatementView"][];
            /**
             * Next Page Token
             * @description Send it as `page_token` for the page after this one; null: this is the last one as things stand.
             */
            next_page_token: string | null;
        };
        /** Paged[ResultView] */
        Paged_ResultView_: {
            /**
             * Items
             * @description The rows of this page, in the order of the route.
             */
            items: components["schemas"]["ResultView"][];
            /**
             * Next Page Token
             * @description Send it as `page_token` for the page after this one; null: this is the last one as things stand.
             */
            next_page_token: string | null;
        };
        /** Paged[SaidView] */
        Paged_SaidView_: {
            /**
             * Items
             * @description The rows of this page, in the order of the route.
             */
            items: components["schemas"]["SaidView"][];
            /**
             * Next Page Token
             * @description Send it as `page_token` for the page after this one; null: this is the last one as things stand.
             */
            next_page_token: string | null;
        };
        /** Paged[SampleView] */
        Paged_SampleView_: {
            /**
             * Items
             * @description The rows of this page, in the order of the route.
             */
            items: components["schemas"]["SampleView"][];
            /**
             * Next Page Token
             * @description Send it as `page_token` for the page after this one; null: this is the last one as things stand.
             */
            next_page_token: string | null;
        };
        /** Paged[SignalView] */
        Paged_SignalView_: {
            /**
             * Items
             * @description The rows of this page, in the order of the route.
             */
            items: components["schemas"]["SignalView"][];
            /**
             * Next Page Token
             * @description Send it as `page_token` for the page after this one; null: this is the last one as things stand.
             */
            next_page_token: string | null;
        };
        /** Paged[SourceView] */
        Paged_SourceView_: {
            /**
             * Items
             * @description The rows of this page, in the order of the route.
             */
            items: components["schemas"]["SourceView"][];
            /**
             * Next Page Token
             * @description Send it as `page_token` for the page after this one; null: this is the last one as things stand.
             */
            next_page_token: string | null;
        };
        /** Paged[SpareView] */
        Paged_SpareView_: {
            /**
             * Items
             * @description The rows of this page, in the order of the route.
             */
            items: components["schemas"]["SpareView"][];
            /**
             * Next Page Token
             * @description Send it as `page_token` for the page after this one; null: this is the last one as things stand.
             */
            next_page_token: string | null;
        };
        /** Paged[StopReasonView] */
        Paged_StopReasonView_: {
            /**
             * Items
             * @description The rows of this page, in the order of the route.
             */
            items: components["schemas"]["StopReasonView"][];
            /**
             * Next Page Token
             * @description Send it as `page_token` for the page after this one; null: this is the last one as things stand.
             */
            next_page_token: string | null;
        };
        /** Paged[WebhookView] */
        Paged_WebhookView_: {
            /**
             * Items
             * @description The rows of this page, in the order of the route.
             */
            items: components["schemas"]["WebhookView"][];
            /**
             * Next Page Token
             * @description Send it as `page_token` for the page after this one; null: this is the last one as things stand.
             */
            next_page_token: string | null;
        };
        /**
         * ParkTree
         * @description The whole park.
         */
        ParkTree: {
            /**
             * Id
             * @description Its name; the path of results that are about the whole park.
             */
            id: string;
            /** @description What people call it. */
            title: components["schemas"]["TitleView"];
            /**
             * Factories
             * @description Its factories.
             */
            factories: components["schemas"]["FactoryTree"][];
        };
        /**
         * ParkView
         * @description The park, and how much of it the caller may see.
         */
        ParkView: {
            /**
             * Path
             * @description Path of results that are about the whole park: its id.
             */
            path: string;
            /**
             * Id
             * @description Its name.
             */
            id: string;
            /** @description What people call it. */
            title: components["schemas"]["TitleView"];
            /**
             * Factories
             * @description How many factories there are.
             */
            factories: number;
            /**
             * Lines
             * @description How many lines they have.
             */
            lines: number;
            /**
             * Equipment
             * @description How many machines stand in these.
             */
            equipment: number;
            /**
             * Signals
             * @description How many signals those have.
             */
            signals: number;
        };
        /**
         * PartyView
         * @description Somebody who has to do with data.
         */
        PartyView: {
            /** @description What people call them. */
            name: components["schemas"]["TitleView"];
            /**
             * Contact
             * @description A mail address, or an address of the web; null where nobody is named.
             */
            contact: string | null;
        };
        /**
         * PeriodView
         * @description What a path came to in one day, week or month.
         */
        PeriodView: {
            /**
             * Start
             * Format: date-time
             * @description Start of the first day with results.
             */
            start: string;
            /**
             * End
             * Format: date-time
             * @description End of the last day with results, or as far as is known of it.
             */
            end: string;
            /**
             * Days
             * @description How many days have results.
             */
            days: number;
            /**
             * Coverage
             * @description Share of planned time with known state, 0 to 1; null when nothing was planned.
             */
            coverage: number | null;
            /**
             * Account
             * @description Where the time went and what was made: seconds by part of calendar time, parts, kW.h; null where not counted.
             *     The names are slugs of the catalogue.
             */
            account: {
                [key: string]: number | null;
            };
            /**
             * Kpis
             * @description KPIs computed from this account, by slug; null where one is not defined.
             */
            kpis: {
                [key: string]: number | null;
            };
            /**
             * Name
             * @description Which: `2026-03-02`, `2026-W10` (ISO 8601), `2026-03`.
             */
            name: string;
        };
        /**
         * ProductView
         * @description What was made from when on.
         */
        ProductView: {
            /**
             * Since
             * Format: date-time
             * @description From when on; 1970 where no product signal said otherwise before.
             */
            since: string;
            /**
             * Product
             * @description Which product; null: nobody says.
             */
            product: string | null;
            /**
             * Ideal
             * @description Ideal seconds per part; null: not known.
             */
            ideal: number | null;
        };
        /**
         * QualityView
         * @description How good a dataset was in the last seven days.
         */
        QualityView: {
            /**
             * Coverage
             * @description Share of planned time with known state over the days that began in them, 0 to 1; null where nothing was planned,
             *     where nothing is computed, and where it means nothing.
             */
            coverage: number | null;
            /**
             * Open Gaps
             * @description Intervals in them in which samples may still be missing; null where they were too many to count, and where gaps
             *     mean nothing.
             */
            open_gaps: number | null;
            /**
             * Unfillable Gaps
             * @description Intervals in them whose samples will never come; null as `open_gaps`.
             */
            unfillable_gaps: number | null;
            /**
             * Restatements
             * @description How often windows that were over were told again in them; null where none are told.
             */
            restatements: number | null;
        };
        /**
         * ReadinessView
         * @description Whether every part works.
         */
        ReadinessView: {
            /**
             * Ready
             * @description Whether every check is ok; the status is 503 where one is not.
             */
            ready: boolean;
            /**
             * Checks
             * @description Every part, in the order a sample passes them.
             */
            checks: components["schemas"]["CheckView"][];
        };
        /**
         * ReplayRequest
         * @description Which letters to replay.
         */
        ReplayRequest: {
            /**
             * Ids
             * @description Numbers of letters, 1 to 1,000.
             */
            ids: number[];
            /**
             * Dry Run
             * @description true: only tell what would become of them.
             * @default false
             */
            dry_run?: boolean;
        };
        /**
         * ReplayView
         * @description What became of the letters asked for.
         */
        ReplayView: {
            /**
             * Items
             * @description One per number, in the order asked for, each once.
             */
            items: components["schemas"]["ReplayedView"][];
            /**
             * Dry Run
             * @description Whether nothing was done.
             */
            dry_run: boolean;
        };
        /**
         * ReplayedView
         * @description What became of one letter, or would.
         */
        ReplayedView: {
            /**
             * Id
             * @description Names it.
             */
            id: number;
            /**
             * Result
             * @description `replayed`: it became samples; `refused`: it is none even now, and stays; `settled`: it was replayed or dropped
             *     before, and nothing was done; `unknown`: there is no such letter, or none any more.
             * @enum {string}
             */
            result: "replayed" | "refused" | "settled" | "unknown";
            /**
             * Samples
             * @description Samples that it became.
             */
            samples: number;
            /**
             * Between
             * @description Arrivals between the first and the last, of which no sample can be made: nobody knows when they were.
             */
            between: number;
            /**
             * Detail
             * @description Why it is no sample even now, or what of it is not; of a settled letter what became of it.
             */
            detail: string;
        };
        /**
         * RequestView
         * @description One way to ask for a dataset.
         */
        RequestView: {
            /**
             * Method
             * @description The method.
             * @enum {string}
             */
            method: "GET" | "POST";
            /**
             * Address
             * @description The address with its query, relative to the API: filled in, and for the newest days of data where it needs a
             *     window.
             */
            address: string;
            /**
             * Forms
             * @description Media types that the answer can be had as, by `Accept`.
             */
            forms: string[];
            /**
             * Scope
             * @description The scope that a key or token needs.
             * @enum {string}
             */
            scope: "read" | "export" | "open";
            /**
             * Body
             * @description The body of a POST; null: it has none.
             */
            body?: {
                [key: string]: unknown;
            } | null;
        };
        /**
         * ResetRequest
         * @description Somebody ends an alert that latches.
         */
        ResetRequest: {
            /**
             * Comment
             * @description What they say of it, 1,000 characters at most.
             * @default
             */
            comment?: string;
            /**
             * Person
             * @description Who it is, where one key is shared; the key's name is noted beside it.
             * @default
             */
            person?: string;
        };
        /**
         * RestatedKpiView
         * @description One number that a restatement changed.
         */
        RestatedKpiView: {
            /**
             * Kpi
             * @description Which number: a slug of the catalogue, `loss:<loss>/<reason>` or `stops:<loss>/<reason>`.
             */
            kpi: string;
            /**
             * Unit
             * @description UCUM unit of both; null for a KPI no longer in the catalogue.
             */
            unit: string | null;
            /**
             * Before
             * @description What it was, in `unit`; null: not defined.
             */
            before: number | null;
            /**
             * After
             * @description What it was in the next version, in `unit`; null: not defined.
             */
            after: number | null;
            /**
             * Note Before
             * @description What was said of it before; empty: nothing.
             */
            note_before: string;
            /**
             * Note After
             * @description What the next version says of it; empty: nothing.
             */
            note_after: string;
        };
        /**
         * RestatementView
         * @description One version of a window, [start, end), that was told and then replaced.
         */
        RestatementView: {
            /**
             * Path
             * @description `factory[/line[/equipment]]`, or the park's id.
             */
            path: string;
            /**
             * Period
             * @description Kind of window: local hour, shift or local day of the factory.
             * @enum {string}
             */
            period: "hour" | "shift" | "day" | "week" | "month";
            /**
             * Name
             * @description Name of the shift, as it was; empty for hours and days.
             */
            name: string;
            /**
             * Start
             * Format: date-time
             * @description Start of the window.
             */
            start: string;
            /**
             * End
             * Format: date-time
             * @description End of the window, as it was.
             */
            end: string;
            /**
             * Version
             * @description Number of the version that was replaced, from 1; the next one took its place.
             */
            version: number;
            /**
             * Computed
             * Format: date-time
             * @description When it was computed: since when it was told.
             */
            computed: string;
            /**
             * Replaced
             * Format: date-time
             * @description When the next version took its place.
             */
            replaced: string;
            /**
             * Reason
             * @description Why: `late samples`, `gap filled`, `gap`, `calendar changed`, `map changed`, `stop reason changed`, `recomputed`,
             *     or several of these.
             */
            reason: string;
            /**
             * Coverage
             * @description Share of planned time with known state as it was, 0 to 1; null when nothing was planned.
             */
            coverage: number | null;
            /**
             * Changes
             * @description The numbers that the next version tells otherwise, by name; empty where only the window itself is another.
             */
            changes: components["schemas"]["RestatedKpiView"][];
        };
        /**
         * ResultView
         * @description One number about one window, half-open: [start, end).
         */
        ResultView: {
            /**
             * Path
             * @description `factory[/line[/equipment]]`, or the park's id.
             */
            path: string;
            /**
             * Period
             * @description Kind of window: local hour, shift, local day, week from Monday (ISO 8601) or month of the factory; of the park by
             *     the zone of its first factory.
             * @enum {string}
             */
            period: "hour" | "shift" | "day" | "week" | "month";
            /**
             * Name
             * @description Name of the shift; `2026-W10` for weeks, `2026-03` for months; empty for hours and days.
             */
            name: string;
            /**
             * Start
             * Format: date-time
             * @description Start of the window.
             */
            start: string;
            /**
             * End
             * Format: date-time
             * @description End of the window, or as far as is known of it; of a week or month that of its last day with results.
             */
            end: string;
            /**
             * Kpi
             * @description Which number: a slug of the catalogue; `loss:<loss>/<reason>`, the seconds that a loss took for one reason
             *     (empty: nobody says); or `stops:<loss>/<reason>`, how many such stops began in the window.
             */
            kpi: string;
            /**
             * Value
             * @description The number, in `unit`; null where it is not defined, and `note` says why.
             */
            value: number | null;
            /**
             * Unit
             * @description UCUM unit of the number: `s`, `1` for ratios and parts, …; null for a KPI no longer in the catalogue.
             */
            unit: string | null;
            /**
             * Coverage
             * @description Share of planned time with known state, 0 to 1; null when nothing was planned.
             */
            coverage: number | null;
            /**
             * Computed
             * Format: date-time
             * @description When it was computed; of weeks and months the newest of their days.
             */
            computed: string;
            /**
             * Version
             * @description How many times the window has been told, from 1: it is told again when a number changed after it was over. Of
             *     weeks and months 1 + how often their days were.
             */
            version: number;
            /**
             * Reason
             * @description Why it was told again: `late samples`, `gap filled`, `gap`, `calendar changed`, `map changed`, `stop reason
             *     changed`, `recomputed`, or several of these; empty for the first version.
             */
            reason: string;
            /**
             * Note
             * @description Why the number is null and what to configure, or what is odd about it; empty: nothing.
             */
            note: string;
            /**
             * Inputs
             * @description What the number was computed from: columns of the same window's account. Only with `include=inputs`.
             */
            inputs?: {
                [key: string]: number | null;
            } | null;
        };
        /**
         * SaidView
         * @description What somebody said of a machine's stops within [start, end).
         */
        SaidView: {
            /**
             * Id
             * @description Names it; of two that concern one instant the one said later (`at`) counts.
             */
            id: number;
            /**
             * Equipment
             * @description Path of the machine.
             */
            equipment: string;
            /**
             * Start
             * Format: date-time
             * @description From when on.
             */
            start: string;
            /**
             * End
             * Format: date-time
             * @description Until when, exclusive.
             */
            end: string;
            /**
             * Reason
             * @description A code of the park's stop reasons.
             */
            reason: string;
            /**
             * Note
             * @description What else was said; empty: nothing.
             */
            note: string;
            /**
             * By
             * @description Who said it: the name of the key.
             */
            by: string;
            /**
             * At
             * Format: date-time
             * @description When it was said.
             */
            at: string;
            /**
             * Revoked
             * @description When it was taken back; null: it counts.
             */
            revoked?: string | null;
        };
        /**
         * SampleView
         * @description One sample.
         */
        SampleView: {
            /**
             * Time
             * @description Source time: when the machine says it happened; RFC 3339 in UTC, to the nanosecond where it is that fine.
             */
            time: string;
            /**
             * Value
             * @description The value, in the signal's type and unit (see the asset tree); null where there is none, or none that this type
             *     holds: one stored before the type was changed. Integers are exact: a client that reads numbers as doubles loses
             *     digits beyond 2^53.
             */
            value: number | boolean | string | null;
            /**
             * Quality
             * @description The severity of `status`.
             * @enum {string}
             */
            quality: "good" | "uncertain" | "bad";
            /**
             * Status
             * @description OPC UA StatusCode (OPC 10000-4, 7.39); 0 is Good.
             */
            status: number;
            /**
             * Received
             * @description When parkline had it in hand; RFC 3339 in UTC.
             */
            received: string;
        };
        /**
         * SayRequest
         * @description Why a machine stood.
         */
        SayRequest: {
            /**
             * Start
             * Format: date-time
             * @description From when on, inclusive.
             */
            start: string;
            /**
             * End
             * Format: date-time
             * @description Until when, exclusive; after `start`, by 31 days at most. Only stops within are concerned.
             */
            end: string;
            /**
             * Reason
             * @description A code of the park's stop reasons.
             */
            reason: string;
            /**
             * Note
             * @description What else there is to say, 1,000 characters at most.
             * @default
             */
            note?: string;
        };
        /**
         * SecretView
         * @description The secret of a webhook, which is shown this once.
         */
        SecretView: {
            /**
             * Secret
             * @description What messages are signed with from now on: `whsec_` and the key in base64.
             */
            secret: string;
            /**
             * Old Secret Until
             * Format: date-time
             * @description Until when they are signed with the secret before this one, too: take both until then.
             */
            old_secret_until: string;
        };
        /**
         * Severity
         * @description Priority of an alert (ISA-18.2, 5.2.5): how soon somebody must act.
         * @enum {string}
         */
        Severity: "low" | "medium" | "high" | "critical";
        /**
         * ShelveRequest
         * @description Somebody puts an alert aside for a while.
         */
        ShelveRequest: {
            /**
             * Until
             * Format: date-time
             * @description Until when; in the future, by seven days at most.
             */
            until: string;
            /**
             * Reason
             * @description Why, 1,000 characters at most.
             */
            reason: string;
            /**
             * Person
             * @description Who does it, where one key is shared; the key's name is noted beside it.
             * @default
             */
            person?: string;
        };
        /**
         * SignalLeaf
         * @description One value of one piece of equipment.
         */
        SignalLeaf: {
            /**
             * Path
             * @description `factory/line/equipment/name`.
             */
            path: string;
            /**
             * Name
             * @description Unique within its equipment.
             */
            name: string;
            /** @description What people call it. */
            title: components["schemas"]["TitleView"];
            /**
             * Type
             * @description Type of its values.
             * @enum {string}
             */
            type: "float" | "int" | "bool" | "text";
            /**
             * Unit
             * @description UCUM unit of its values; `1`: none.
             */
            unit: string;
            /** @description What it means. */
            role: components["schemas"]["SignalRole"];
            /**
             * Low
             * @description Least valid value, in `unit`.
             */
            low: number | null;
            /**
             * High
             * @description Greatest valid value, in `unit`.
             */
            high: number | null;
            /**
             * Source
             * @description Name of the source that delivers it; null: one of a factory that the caller may not see.
             */
            source: string | null;
        };
        /**
         * SignalRole
         * @description What a signal means for utilisation and faults.
         * @enum {string}
         */
        SignalRole: "state" | "mode" | "condition" | "good_count" | "reject_count" | "total_count" | "rework_count" | "reason" | "cycle_time" | "energy" | "power" | "product" | "meter" | "measurement" | "other";
        /**
         * SignalView
         * @description One value of one machine.
         */
        SignalView: {
            /**
             * Path
             * @description `factory/line/equipment/name`.
             */
            path: string;
            /**
             * Name
             * @description Unique within its machine.
             */
            name: string;
            /** @description What people call it. */
            title: components["schemas"]["TitleView"];
            /**
             * Factory
             * @description Path of its factory.
             */
            factory: string;
            /**
             * Line
             * @description Path of its line.
             */
            line: string;
            /**
             * Equipment
             * @description Path of its machine.
             */
            equipment: string;
            /**
             * Type
             * @description Type of its values.
             * @enum {string}
             */
            type: "float" | "int" | "bool" | "text";
            /**
             * Unit
             * @description UCUM unit of its values; `1`: none.
             */
            unit: string;
            /** @description What it means. */
            role: components["schemas"]["SignalRole"];
            /**
             * Low
             * @description Least valid value, in `unit`; samples below it are Uncertain. null: no bound.
             */
            low: number | null;
            /**
             * High
             * @description Greatest valid value, in `unit`; samples above it are Uncertain. null: no bound.
             */
            high: number | null;
            /**
             * Source
             * @description Name of the source that delivers it; null: one of a factory that the caller may not see.
             */
            source: string | null;
            /**
             * States
             * @description Of a signal of role `state`: which state each of its values is; a value not listed is `unknown`.
             */
            states: {
                [key: string]: components["schemas"]["EquipmentState"];
            };
            /**
             * Limits
             * @description Beyond which it is an alert.
             */
            limits: components["schemas"]["LimitView"][];
        };
        /**
         * SourceView
         * @description One configured link, and how it stood when the collector last wrote of it.
         */
        SourceView: {
            /**
             * Name
             * @description Unique in the park.
             */
            name: string;
            /**
             * Kind
             * @description Which protocol it speaks.
             */
            kind: string;
            /**
             * Line
             * @description Path of its line.
             */
            line: string;
            /**
             * State
             * @description `up`; `held`: open, but its samples cannot be made durable now; `down`: the collector tries again; `refused`: a
             *     person must act; `ended`: a recorded file, all read; `unseen`: the collector has not run with it yet.
             * @enum {string}
             */
            state: "up" | "held" | "down" | "refused" | "ended" | "unseen";
            /**
             * Stale
             * @description Whether the collector has stopped writing of it: `state` is then what was, not what is.
             */
            stale: boolean;
            /**
             * Problem
             * @description Why it is held, down or refused, and what to do; empty when it is up.
             */
            problem: string;
            /**
             * Since
             * @description Since when it has been up, or since when it has not.
             */
            since: string | null;
            /**
             * Seen
             * @description When the collector last wrote of it.
             */
            seen: string | null;
            /**
             * Last Time
             * @description Greatest source time it has delivered, by the machine's clock.
             */
            last_time: string | null;
            /**
             * Last Received
             * @description When that sample arrived.
             */
            last_received: string | null;
            /**
             * Horizon
             * @description Until when, by the machine's clock, its last values are known to hold.
             */
            horizon: string | null;
            /**
             * Samples
             * @description Samples made durable since the records were made. This and the three counts below are null where the source also
             *     carries signals of factories that the caller may not see.
             */
            samples: number | null;
            /**
             * Refusals
             * @description Inputs that could not become samples, since the records were made.
             */
            refusals: number | null;
            /**
             * Duplicates
             * @description Samples that said again what was known, as far as it was still in memory; they changed nothing.
             */
            duplicates: number | null;
            /**
             * Conflicts
             * @description Samples that said something else of an instant than what was known of it, as far as it was still in memory.
             */
            conflicts: number | null;
            /** @description The last of these; null where there was none, or where it is of a signal that the caller may not see. */
            last_conflict: components["schemas"]["ConflictView"] | null;
            /**
             * Signals
             * @description Signals configured on it, of factories that the caller may see.
             */
            signals: number;
        };
        /**
         * SpanOfDaysView
         * @description Local days, half-open.
         */
        SpanOfDaysView: {
            /**
             * First
             * Format: date
             * @description First local day.
             */
            first: string;
            /**
             * Until
             * Format: date
             * @description First local day after them.
             */
            until: string;
        };
        /**
         * SpanView
         * @description An interval in one state, half-open: [start, end).
         */
        SpanView: {
            /**
             * Start
             * Format: date-time
             * @description When it began, or the start of the window asked for.
             */
            start: string;
            /**
             * End
             * Format: date-time
             * @description When it ended, the end of the window, or as far as is known.
             */
            end: string;
            /** @description What the machine did. */
            state: components["schemas"]["EquipmentState"];
            /**
             * Raw
             * @description The machine's own word for it, as its state signal reported it; null where no report holds.
             */
            raw: string | null;
        };
        /**
         * SpareView
         * @description What a machine, a line or a class of machines has to spare in one coming shift.
         */
        SpareView: {
            /**
             * Name
             * @description Name of the shift.
             */
            name: string;
            /**
             * Start
             * Format: date-time
             * @description When it begins, or now where it is under way.
             */
            start: string;
            /**
             * End
             * Format: date-time
             * @description When it ends.
             */
            end: string;
            /**
             * Planned S
             * @description Planned work, in seconds (of a line in machine-seconds).
             */
            planned_s: number;
            /**
             * Maintenance S
             * @description What of it planned maintenance takes, in seconds.
             */
            maintenance_s: number;
            /**
             * Typical Busy S
             * @description What such shifts are typically busy for, in seconds: producing and setup, median of the last 8 weeks; null with
             *     too little history.
             */
            typical_busy_s: number | null;
            /**
             * Typical Stops S
             * @description What such shifts typically lose to unplanned stops and micro-stops, in seconds.
             */
            typical_stops_s: number | null;
            /**
             * Idle S
             * @description What is typically left, in seconds: planned - maintenance - busy - stops.
             */
            idle_s: number | null;
            /**
             * Idle Safe S
             * @description What three of four such shifts had left, in seconds: the lower quartile.
             */
            idle_safe_s: number | null;
            /**
             * Based On
             * @description Past shifts that typical use is told from; 4 or more.
             */
            based_on: number;
            /**
             * Coverage
             * @description Share of their planned time with known state, 0 to 1.
             */
            coverage: number | null;
            /**
             * Note
             * @description Why numbers are null or incomplete; empty: nothing to say.
             */
            note: string;
            /**
             * Path
             * @description The machine, or the line: then the sums over its machines. Null for a class of machines.
             */
            path: string | null;
            /**
             * Equipment Class
             * @description What kind of machine, or of machines, it is; null for a line; empty where the configuration says nothing.
             */
            equipment_class: string | null;
            /**
             * Machines
             * @description How many machines it is summed over.
             */
            machines: number;
        };
        /**
         * StateEventView
         * @description A state of a machine that came to be known (`topic`: `states`).
         */
        StateEventView: {
            /**
             * State
             * @description `producing`, `idle`, `setup`, `planned_stop`, `unplanned_stop`, `off` or `unknown`.
             */
            state: string;
            /**
             * Raw
             * @description The raw value that it comes from; null where no value holds.
             */
            raw: string | null;
            /**
             * Start
             * Format: date-time
             * @description When it began.
             */
            start: string;
            /**
             * Until
             * @description When it ended; null: it lasts.
             */
            until: string | null;
            /**
             * Revised From
             * @description Null: it follows what was told before. Else all that was told of the machine from this instant on is another now,
             *     or is more than is told one by one: read its states again from there.
             */
            revised_from: string | null;
        };
        /**
         * StepView
         * @description One step of a counter.
         */
        StepView: {
            /**
             * Signal
             * @description Path of the counter.
             */
            signal: string;
            /**
             * Role
             * @description What it counts.
             */
            role: string;
            /**
             * Time
             * Format: date-time
             * @description When it was read.
             */
            time: string;
            /**
             * Before
             * @description The reading before, in the counter's unit; null for the first ever.
             */
            before: number | null;
            /**
             * Value
             * @description The reading, in the counter's unit.
             */
            value: number;
            /**
             * Delta
             * @description What it counts, in the counter's unit.
             */
            delta: number;
            /**
             * Kind
             * @description first, count, reset, roll_over or replaced.
             */
            kind: string;
        };
        /**
         * StopReasonView
         * @description A reason for which machines stand, as the park declares it.
         */
        StopReasonView: {
            /**
             * Code
             * @description Its name in requests and results.
             */
            code: string;
            /** @description What people call it. */
            title: components["schemas"]["TitleView"];
            /**
             * Loss
             * @description Which loss a stop for this reason is.
             * @enum {string}
             */
            loss: "unplanned_stop" | "planned_stop" | "setup" | "idle";
        };
        /**
         * StopView
         * @description Stops for one reason.
         */
        StopView: {
            /**
             * Loss
             * @description Which loss: unplanned_stop, setup, micro_stop, idle, off.
             */
            loss: string;
            /**
             * Reason
             * @description The reason as signals, alarms or people gave it; empty where nobody did.
             */
            reason: string;
            /**
             * Times
             * @description How many stops began on these days: one across an edge counts where it begins; null where a day of them was
             *     stored by a parkline that did not count yet (`parkline kpi recompute` adds it).
             */
            times: number | null;
            /**
             * Seconds
             * @description How long, in all; of a line in machine-seconds.
             */
            seconds: number;
            /**
             * Share
             * @description Its share of the seconds of all these stops, 0 to 1.
             */
            share: number;
            /**
             * Cumulative
             * @description The share of this reason and of those before it, 0 to 1.
             */
            cumulative: number;
            /**
             * Mean Seconds
             * @description `seconds` / `times`; null where no stop began.
             */
            mean_seconds: number | null;
        };
        /**
         * SumsView
         * @description What a path came to over some local days.
         */
        SumsView: {
            /**
             * Start
             * Format: date-time
             * @description Start of the first day with results.
             */
            start: string;
            /**
             * End
             * Format: date-time
             * @description End of the last day with results, or as far as is known of it.
             */
            end: string;
            /**
             * Days
             * @description How many days have results.
             */
            days: number;
            /**
             * Coverage
             * @description Share of planned time with known state, 0 to 1; null when nothing was planned.
             */
            coverage: number | null;
            /**
             * Account
             * @description Where the time went and what was made: seconds by part of calendar time, parts, kW.h; null where not counted.
             *     The names are slugs of the catalogue.
             */
            account: {
                [key: string]: number | null;
            };
            /**
             * Kpis
             * @description KPIs computed from this account, by slug; null where one is not defined.
             */
            kpis: {
                [key: string]: number | null;
            };
        };
        /**
         * TimelineView
         * @description The states of one machine over a window: spans in order, without overlap.
         */
        TimelineView: {
            /**
             * Items
             * @description The rows of this page, in the order of the route.
             */
            items: components["schemas"]["SpanView"][];
            /**
             * Next Page Token
             * @description Send it as `page_token` for the page after this one; null: this is the last one as things stand.
             */
            next_page_token: string | null;
            /**
             * Path
             * @description The machine.
             */
            path: string;
            /**
             * Start
             * Format: date-time
             * @description Start of the window asked for.
             */
            start: string;
            /**
             * End
             * Format: date-time
             * @description End of the window asked for.
             */
            end: string;
            /**
             * Known Until
             * @description Until when its source has spoken, by the machine's clock; no span reaches beyond. Null: never.
             */
            known_until: string | null;
        };
        /**
         * TitleView
         * @description What people call it, by language; the id where nobody gave it a title.
         */
        TitleView: {
            /**
             * Zh
             * @description Chinese.
             */
            zh: string;
            /**
             * En
             * @description English.
             */
            en: string;
        };
        /**
         * VariableView
         * @description One thing that a dataset has numbers or values of: a KPI, or a signal.
         */
        VariableView: {
            /**
             * Name
             * @description Slug of the KPI, or path of the signal.
             */
            name: string;
            /** @description What people call it. */
            title: components["schemas"]["TitleView"];
            /**
             * Unit
             * @description UCUM unit of its values, `1` for ratios, counts and what has none.
             */
            unit: string;
            /**
             * Type
             * @description Type of its values.
             * @enum {string}
             */
            type: "float" | "int" | "bool" | "text";
            /**
             * Role
             * @description What a signal means: `state`, `good_count`, `energy`, …; null for a KPI.
             */
            role?: string | null;
            /**
             * Low
             * @description Least valid value, in `unit`; null: there is none.
             */
            low?: number | null;
            /**
             * High
             * @description Greatest valid value, in `unit`; null: there is none.
             */
            high?: number | null;
            /**
             * Source
             * @description The clause that defines a KPI, and where ours differs; null for a signal.
             */
            source?: string | null;
        };
        /**
         * WebhookChange
         * @description What is to be changed; what is left out stays.
         */
        WebhookChange: {
            /**
             * Url
             * @description Address of the receiver.
             */
            url?: string;
            /**
             * Topics
             * @description What events are about; null: whatever it is.
             */
            topics?: ("alerts" | "states" | "kpis")[] | null;
            /**
             * Paths
             * @description Paths of factories, lines or machines, each with all below it; null: all that the caller may see.
             */
            paths?: string[] | null;
            /**
             * Severities
             * @description Priorities of alerts; null: whatever they have.
             */
            severities?: components["schemas"]["Severity"][] | null;
            /**
             * Title
             * @description What you call it.
             */
            title?: string;
            /**
             * Enabled
             * @description Whether events are posted to it. true again: it goes on where it stopped.
             */
            enabled?: boolean;
        };
        /**
         * WebhookRequest
         * @description Where events are to be posted to, and which.
         */
        WebhookRequest: {
            /**
             * Url
             * @description Address of the receiver: `https://`, on a port and at a public address that the park allows.
             */
            url: string;
            /**
             * Topics
             * @description What they are about; null: whatever it is.
             */
            topics?: ("alerts" | "states" | "kpis")[] | null;
            /**
             * Paths
             * @description Paths of factories, lines or machines, each with all below it, 100 at most; null: all that the caller may see.
             */
            paths?: string[] | null;
            /**
             * Severities
             * @description Priorities of alerts; null: whatever they have. Other topics are not filtered by it.
             */
            severities?: components["schemas"]["Severity"][] | null;
            /**
             * Title
             * @description What you call it.
             * @default
             */
            title?: string;
        };
        /**
         * WebhookView
         * @description One webhook.
         */
        WebhookView: {
            /**
             * Id
             * @description Names it.
             */
            id: string;
            /**
             * Owner
             * @description Id of the caller whose it is.
             */
            owner: string;
            /**
             * Url
             * @description Address of the receiver; scheme and host alone, where it is not one's own.
             */
            url: string;
            /**
             * Title
             * @description What its owner calls it.
             */
            title: string;
            /**
             * Topics
             * @description What events are about; null: whatever it is.
             */
            topics: string[] | null;
            /**
             * Paths
             * @description Paths, each with all below it; null: all that its owner may see.
             */
            paths: string[] | null;
            /**
             * Severities
             * @description Priorities of alerts; null: whatever they have.
             */
            severities: string[] | null;
            /**
             * Enabled
             * @description Whether events are posted to it.
             */
            enabled: boolean;
            /**
             * State
             * @description How it stands: it works; its receiver does not take the next message, which is tried again, or `reason` says what
             *     is in the way; its owner may be told nothing at present (keys revoked or expired, a token too long ago); it is not
             *     enabled.
             * @enum {string}
             */
            state: "active" | "failing" | "paused" | "disabled";
            /**
             * Reason
             * @description Why it was disabled, where its owner did not do it; where it is enabled, what is in the way that is not its
             *     receiver's doing; else empty.
             */
            reason: string;
            /**
             * Created
             * Format: date-time
             * @description When it was made.
             */
            created: string;
            /**
             * Changed
             * Format: date-time
             * @description When it was changed last.
             */
            changed: string;
            /**
             * Failing Since
             * @description Since when its receiver takes nothing; null: it takes what it is sent. After 5 days the webhook is disabled.
             */
            failing_since?: string | null;
            /**
             * Next Attempt
             * @description When the message that was not taken is tried again; null: none waits for that.
             */
            next_attempt?: string | null;
            /**
             * Last Delivered
             * @description When its receiver last took something; null: it never did.
             */
            last_delivered?: string | null;
            /**
             * Old Secret Until
             * @description Until when messages are signed with the secret before this one, too; null: they are not.
             */
            old_secret_until?: string | null;
        };
        /**
         * ProblemFault
         * @description One wrong parameter.
         */
        ProblemFault: {
            /**
             * In
             * @description `query`, `path`, `header` or `body`.
             */
            in: string;
            /**
             * Name
             * @description Its name.
             */
            name: string;
            /**
             * Detail
             * @description What is wrong with it.
             */
            detail: string;
        };
        /**
         * ProblemView
         * @description What went wrong (RFC 9457).
         */
        ProblemView: {
            /**
             * Type
             * @description URI of the kind of problem, relative to the API; it explains the kind when asked.
             */
            type: string;
            /**
             * Title
             * @description The kind in words.
             */
            title: string;
            /**
             * Status
             * @description The HTTP status.
             */
            status: number;
            /**
             * Detail
             * @description What happened this time.
             */
            detail: string;
            /**
             * Instance
             * @description The address that was asked.
             */
            instance: string;
            /**
             * Remedy
             * @description What to do about it.
             * @default null
             */
            remedy?: string | null;
            /**
             * Errors
             * @description The wrong parameters.
             * @default null
             */
            errors?: components["schemas"]["ProblemFault"][] | null;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export interface operations {
    listCatalogue: {
        parameters: {
            query?: {
                /** @description Park, factories, lines or machines, each with all below; may be repeated. Left out: all data. */
                path?: string[] | null;
                /** @description Kinds of data; may be repeated. Left out: all. */
                kind?: ("alerts" | "capacity" | "faults" | "gaps" | "indicators" | "kpis-day" | "kpis-hour" | "kpis-month" | "kpis-shift" | "kpis-week" | "losses" | "open" | "samples" | "sources" | "states")[] | null;
                /** @description Fields of each row that are wanted, with commas between; empty: all. JSON-LD has all. */
                fields?: string;
                /** @description Rows at most. */
                limit?: number;
                /** @description `next_page_token` of the page before; empty: the first page. */
                page_token?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Paged_DatasetView_"];
                    "text/csv": string;
                    "application/vnd.apache.parquet": string;
                    "application/vnd.apache.arrow.stream": string;
                    "application/ld+json": Record<string, never>;
                };
            };
        };
    };
    readDataset: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Its id: the kind, and the path of what it tells of. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DatasetView"];
                    "application/ld+json": Record<string, never>;
                };
            };
        };
    };
    listAssets: {
        parameters: {
            query?: {
                /** @description Whether the signals are listed; they are most of the tree. */
                signals?: boolean;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ParkTree"];
                };
            };
        };
    };
    listSources: {
        parameters: {
            query?: {
                /** @description Fields of each row that are wanted, with commas between; empty: all. */
                fields?: string;
                /** @description Rows at most. */
                limit?: number;
                /** @description `next_page_token` of the page before; empty: the first page. */
                page_token?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Paged_SourceView_"];
                    "text/csv": string;
                    "application/vnd.apache.parquet": string;
                    "application/vnd.apache.arrow.stream": string;
                };
            };
        };
    };
    readSource: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Its name, or that of a recording. */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SourceView"];
                };
            };
        };
    };
    listStates: {
        parameters: {
            query: {
                /** @description Machine, or a line or factory: all machines in it; may be repeated. 50 machines at most. */
                path: string[];
                /** @description Start of the window, inclusive; RFC 3339 with a zone. */
                start: string;
                /** @description End of the window, exclusive; RFC 3339 with a zone. */
                end: string;
                /** @description Fields of each row that are wanted, with commas between; empty: all. */
                fields?: string;
                /** @description Rows at most. */
                limit?: number;
                /** @description `next_page_token` of the page before; empty: the first page. */
                page_token?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Paged_MachineSpanView_"];
                    "text/csv": string;
                    "application/vnd.apache.parquet": string;
                    "application/vnd.apache.arrow.stream": string;
                };
            };
        };
    };
    listCurrentStates: {
        parameters: {
            query?: {
                /** @description Machine, line or factory; may be repeated. Left out: all that you may see. */
                path?: string[] | null;
                /** @description Fields of each row that are wanted, with commas between; empty: all. */
                fields?: string;
                /** @description Rows at most. */
                limit?: number;
                /** @description `next_page_token` of the page before; empty: the first page. */
                page_token?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Paged_CurrentStateView_"];
                    "text/csv": string;
                    "application/vnd.apache.parquet": string;
                    "application/vnd.apache.arrow.stream": string;
                };
            };
        };
    };
    listEquipmentStates: {
        parameters: {
            query: {
                /** @description Start of the window, inclusive; RFC 3339 with a zone. */
                start: string;
                /** @description End of the window, exclusive; RFC 3339 with a zone. */
                end: string;
                /** @description Fields of each row that are wanted, with commas between; empty: all. */
                fields?: string;
                /** @description Rows at most. */
                limit?: number;
                /** @description `next_page_token` of the page before; empty: the first page. */
                page_token?: string;
            };
            header?: never;
            path: {
                /** @description Path of the machine, `factory/line/equipment`. */
                path: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TimelineView"];
                    "text/csv": string;
                    "application/vnd.apache.parquet": string;
                    "application/vnd.apache.arrow.stream": string;
                };
            };
        };
    };
    readExplanation: {
        parameters: {
            query: {
                /** @description Path of the machine, `factory/line/equipment`. */
                path: string;
                /** @description `start` of the window, as its KPIs have it, or any instant in it; RFC 3339 with a zone. */
                start: string;
                /** @description Kind of the window. */
                period?: "hour" | "shift" | "day";
                /** @description Language of notes, reasons of restatements and days. */
                lang?: "zh" | "en";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ExplanationView"];
                };
            };
        };
    };
    explainEquipmentWindow: {
        parameters: {
            query: {
                /** @description A local day (`2026-03-02`), the hour that holds a local time (`2026-03-02T06:00`), or a shift that begins on a day (`2026-03-02/night`). */
                window: string;
                /** @description Language of notes, reasons of restatements and days. */
                lang?: "zh" | "en";
            };
            header?: never;
            path: {
                /** @description Path of the machine, `factory/line/equipment`. */
                path: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ExplanationView"];
                };
            };
        };
    };
    listStopReasons: {
        parameters: {
            query?: {
                /** @description Fields of each row that are wanted, with commas between; empty: all. */
                fields?: string;
                /** @description Rows at most. */
                limit?: number;
                /** @description `next_page_token` of the page before; empty: the first page. */
                page_token?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Paged_StopReasonView_"];
                    "text/csv": string;
                    "application/vnd.apache.parquet": string;
                    "application/vnd.apache.arrow.stream": string;
                };
            };
        };
    };
    listEquipmentStopReasons: {
        parameters: {
            query?: {
                /** @description Start of the window, inclusive; open when left out. */
                start?: string | null;
                /** @description End of the window, exclusive; open when left out. */
                end?: string | null;
                /** @description Fields of each row that are wanted, with commas between; empty: all. */
                fields?: string;
                /** @description Rows at most. */
                limit?: number;
                /** @description `next_page_token` of the page before; empty: the first page. */
                page_token?: string;
            };
            header?: never;
            path: {
                /** @description Path of the machine, `factory/line/equipment`. */
                path: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Paged_SaidView_"];
                    "text/csv": string;
                    "application/vnd.apache.parquet": string;
                    "application/vnd.apache.arrow.stream": string;
                };
            };
        };
    };
    addEquipmentStopReason: {
        parameters: {
            query?: never;
            header?: {
                /** @description A text that names this request, such as a UUID, in quotes or bare. Sent again within 24 h, the request is answered as before (with `Idempotency-Replayed: true`), not done again. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description Path of the machine, `factory/line/equipment`. */
                path: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SayRequest"];
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SaidView"];
                };
            };
        };
    };
    revokeEquipmentStopReason: {
        parameters: {
            query?: never;
            header?: {
                /** @description A text that names this request, such as a UUID, in quotes or bare. Sent again within 24 h, the request is answered as before (with `Idempotency-Replayed: true`), not done again. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description Path of the machine, `factory/line/equipment`. */
                path: string;
                /** @description Its number. */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SaidView"];
                };
            };
        };
    };
    listKpiCatalogue: {
        parameters: {
            query?: {
                /** @description Fields of each row that are wanted, with commas between; empty: all. */
                fields?: string;
                /** @description Rows at most. */
                limit?: number;
                /** @description `next_page_token` of the page before; empty: the first page. */
                page_token?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Paged_KpiView_"];
                    "text/csv": string;
                    "application/vnd.apache.parquet": string;
                    "application/vnd.apache.arrow.stream": string;
                };
            };
        };
    };
    listKpis: {
        parameters: {
            query?: {
                /** @description Park, factory, line or equipment; may be repeated. Left out: all of them. */
                path?: string[] | null;
                /** @description Kind of window. Left out: hours, shifts and days, which are stored. */
                period?: ("hour" | "shift" | "day" | "week" | "month") | null;
                /** @description Slug of the catalogue, `loss:<loss>/<reason>` or `stops:<loss>/<reason>`; may be repeated. Left out: all of them. */
                kpi?: string[] | null;
                /** @description Start of the window, inclusive; give `end` with it. Neither: the newest. */
                start?: string | null;
                /** @description End of the window, exclusive; give `start` with it. Neither: the newest. */
                end?: string | null;
                /** @description Give the numbers as they were known at this instant; needs a window. */
                as_of?: string | null;
                /** @description `inputs`: what each number was computed from stands beside it. */
                include?: "inputs" | null;
                /** @description Language of `note` and `reason`. */
                lang?: "zh" | "en";
                /** @description Fields of each row that are wanted, with commas between; empty: all. */
                fields?: string;
                /** @description Rows at most. */
                limit?: number;
                /** @description `next_page_token` of the page before; empty: the first page. */
                page_token?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Paged_ResultView_"];
                    "text/csv": string;
                    "application/vnd.apache.parquet": string;
                    "application/vnd.apache.arrow.stream": string;
                };
            };
        };
    };
    listRestatements: {
        parameters: {
            query?: {
                /** @description Park, factory, line or equipment; may be repeated. Left out: all of them. */
                path?: string[] | null;
                /** @description Kind of window. Left out: all of them. */
                period?: ("hour" | "shift" | "day") | null;
                /** @description Start of the window, inclusive; open when left out. */
                start?: string | null;
                /** @description End of the window, exclusive; open when left out. */
                end?: string | null;
                /** @description Language of reasons and notes. */
                lang?: "zh" | "en";
                /** @description Fields of each row that are wanted, with commas between; empty: all. */
                fields?: string;
                /** @description Rows at most. */
                limit?: number;
                /** @description `next_page_token` of the page before; empty: the first page. */
                page_token?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Paged_RestatementView_"];
                    "text/csv": string;
                    "application/vnd.apache.parquet": string;
                    "application/vnd.apache.arrow.stream": string;
                };
            };
        };
    };
    listLosses: {
        parameters: {
            query?: {
                /** @description Park, factory, line or equipment; may be repeated. Left out: all of them. */
                path?: string[] | null;
                /** @description Kind of window. */
                period?: "hour" | "shift" | "day" | "week" | "month";
                /** @description What was lost to; may be repeated. Left out: all. */
                loss?: ("not_scheduled" | "planned_stop" | "unknown" | "unplanned_stop" | "idle" | "off" | "setup" | "micro_stop" | "speed_loss" | "quality_loss" | "productive" | "unjudged")[] | null;
                /** @description Start of the window, inclusive; give `end` with it. Neither: the newest. */
                start?: string | null;
                /** @description End of the window, exclusive; give `start` with it. Neither: the newest. */
                end?: string | null;
                /** @description Give the numbers as they were known at this instant; needs a window. */
                as_of?: string | null;
                /** @description Fields of each row that are wanted, with commas between; empty: all. */
                fields?: string;
                /** @description Rows at most. */
                limit?: number;
                /** @description `next_page_token` of the page before; empty: the first page. */
                page_token?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Paged_LossPartView_"];
                    "text/csv": string;
                    "application/vnd.apache.parquet": string;
                    "application/vnd.apache.arrow.stream": string;
                };
            };
        };
    };
    readLosses: {
        parameters: {
            query?: {
                /** @description Park, factory, line or machine. Left out: the park, or the only factory that the caller may see. */
                path?: string;
                /** @description What the report is divided into: local days, ISO weeks or months. */
                period?: "day" | "week" | "month";
                /** @description Start of the window, inclusive; give `end` with it. Neither: the newest. */
                start?: string | null;
                /** @description End of the window, exclusive; give `start` with it. Neither: the newest. */
                end?: string | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LossesView"];
                };
            };
        };
    };
    readChange: {
        parameters: {
            query: {
                /** @description Start of the window, inclusive; RFC 3339 with a zone. */
                start: string;
                /** @description End of the window, exclusive; RFC 3339 with a zone. */
                end: string;
                /** @description Start of the period before, inclusive. */
                before_start: string;
                /** @description End of the period before, exclusive. */
                before_end: string;
                /** @description Park, factory, line or machine. Left out: the park, or the only factory that the caller may see. */
                path?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ComparisonView"];
                };
            };
        };
    };
    showReport: {
        parameters: {
            query?: {
                /** @description Park, factory, line or machine. Left out: the park, or the only factory that the caller may see. */
                path?: string;
                /** @description What the report is divided into: local days, ISO weeks or months. */
                period?: "day" | "week" | "month";
                /** @description Start of the window, inclusive; give `end` with it. Neither: the newest. */
                start?: string | null;
                /** @description End of the window, exclusive; give `start` with it. Neither: the newest. */
                end?: string | null;
                /** @description Start of a period to compare with, inclusive; give `before_end` with it. */
                before_start?: string | null;
                /** @description End of the period to compare with, exclusive. */
                before_end?: string | null;
                /** @description Language of the page. */
                lang?: "zh" | "en";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The report as a page. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/html": string;
                };
            };
        };
    };
    listComparisons: {
        parameters: {
            query: {
                /** @description Start of the window, inclusive; RFC 3339 with a zone. */
                start: string;
                /** @description End of the window, exclusive; RFC 3339 with a zone. */
                end: string;
                /** @description Start of the period before, inclusive. */
                before_start: string;
                /** @description End of the period before, exclusive. */
                before_end: string;
                /** @description Park, factory, line or machine; may be repeated. Left out: the park, or each factory of a caller who may not see all of it. */
                path?: string[] | null;
                /** @description Fields of each row that are wanted, with commas between; empty: all. */
                fields?: string;
                /** @description Rows at most. */
                limit?: number;
                /** @description `next_page_token` of the page before; empty: the first page. */
                page_token?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Paged_DifferenceView_"];
                    "text/csv": string;
                    "application/vnd.apache.parquet": string;
                    "application/vnd.apache.arrow.stream": string;
                };
            };
        };
    };
    listCapacity: {
        parameters: {
            query?: {
                /** @description Park, factory, line or machine. Left out: all that the caller may see. */
                path?: string;
                /** @description `machine`: lines and their machines. `class`: sums over the machines of one `equipment_class`, whatever line or factory they stand in. */
                by?: "machine" | "class";
                /** @description Shifts that begin within so many days. */
                days?: number;
                /** @description From when on; left out: now. */
                start?: string | null;
                /** @description Language of `note`. */
                lang?: "zh" | "en";
                /** @description Fields of each row that are wanted, with commas between; empty: all. */
                fields?: string;
                /** @description Rows at most. */
                limit?: number;
                /** @description `next_page_token` of the page before; empty: the first page. */
                page_token?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Paged_SpareView_"];
                    "text/csv": string;
                    "application/vnd.apache.parquet": string;
                    "application/vnd.apache.arrow.stream": string;
                };
            };
        };
    };
    listIdleCapacity: {
        parameters: {
            query?: {
                /** @description Park, factory, line or machine. Left out: all that the caller may see. */
                path?: string;
                /** @description Shifts that begin within so many days. */
                days?: number;
                /** @description From when on; left out: now. */
                start?: string | null;
                /** @description Language of `note`. */
                lang?: "zh" | "en";
                /** @description Fields of each row that are wanted, with commas between; empty: all. */
                fields?: string;
                /** @description Rows at most. */
                limit?: number;
                /** @description `next_page_token` of the page before; empty: the first page. */
                page_token?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CapacitiesView"];
                    "text/csv": string;
                    "application/vnd.apache.parquet": string;
                    "application/vnd.apache.arrow.stream": string;
                };
            };
        };
    };
    readAlertPerformance: {
        parameters: {
            query?: {
                /** @description Park, factory, line or equipment, each with all below it; may be repeated. */
                path?: string[] | null;
                /** @description Start of the window, inclusive; open when left out. */
                start?: string | null;
                /** @description End of the window, exclusive; open when left out. */
                end?: string | null;
                /** @description How many people take alerts at a time. */
                operators?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AlertPerformanceView"];
                };
            };
        };
    };
    listAlerts: {
        parameters: {
            query?: {
                /** @description Park, factory, line or equipment, each with all below it; may be repeated. */
                path?: string[] | null;
                /** @description Path of one signal. */
                signal?: string | null;
                /** @description Priorities; may be repeated. */
                severity?: components["schemas"]["Severity"][] | null;
                /** @description How they stand; `normal` is closed; may be repeated. */
                state?: components["schemas"]["AlarmState"][] | null;
                /** @description true: only what lasts; false: only what is over. */
                active?: boolean | null;
                /** @description Slugs of the detectors that saw them; may be repeated. */
                detector?: string[] | null;
                /** @description Id of the first alert of a group: only that group. */
                group?: string | null;
                /** @description Start of the window, inclusive; open when left out. */
                start?: string | null;
                /** @description End of the window, exclusive; open when left out. */
                end?: string | null;
                /** @description Fields of each row that are wanted, with commas between; empty: all. */
                fields?: string;
                /** @description Rows at most. */
                limit?: number;
                /** @description `next_page_token` of the page before; empty: the first page. */
                page_token?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Paged_AlertView_"];
                    "text/csv": string;
                    "application/vnd.apache.parquet": string;
                    "application/vnd.apache.arrow.stream": string;
                };
            };
        };
    };
    readAlert: {
        parameters: {
            query?: {
                /** @description Number of an event: only what happened before it. */
                before?: number | null;
            };
            header?: never;
            path: {
                /** @description Id of the alert. */
                alert: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AlertHistoryView"];
                };
            };
        };
    };
    acknowledgeAlert: {
        parameters: {
            query?: never;
            header?: {
                /** @description A text that names this request, such as a UUID, in quotes or bare. Sent again within 24 h, the request is answered as before (with `Idempotency-Replayed: true`), not done again. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description Id of the alert. */
                alert: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["AcknowledgeRequest"] | null;
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AlertHistoryView"];
                };
            };
        };
    };
    commentOnAlert: {
        parameters: {
            query?: never;
            header?: {
                /** @description A text that names this request, such as a UUID, in quotes or bare. Sent again within 24 h, the request is answered as before (with `Idempotency-Replayed: true`), not done again. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description Id of the alert. */
                alert: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CommentRequest"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AlertHistoryView"];
                };
            };
        };
    };
    shelveAlert: {
        parameters: {
            query?: never;
            header?: {
                /** @description A text that names this request, such as a UUID, in quotes or bare. Sent again within 24 h, the request is answered as before (with `Idempotency-Replayed: true`), not done again. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description Id of the alert. */
                alert: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ShelveRequest"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AlertHistoryView"];
                };
            };
        };
    };
    unshelveAlert: {
        parameters: {
            query?: never;
            header?: {
                /** @description A text that names this request, such as a UUID, in quotes or bare. Sent again within 24 h, the request is answered as before (with `Idempotency-Replayed: true`), not done again. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description Id of the alert. */
                alert: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AlertHistoryView"];
                };
            };
        };
    };
    resetAlert: {
        parameters: {
            query?: never;
            header?: {
                /** @description A text that names this request, such as a UUID, in quotes or bare. Sent again within 24 h, the request is answered as before (with `Idempotency-Replayed: true`), not done again. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description Id of the alert. */
                alert: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["ResetRequest"] | null;
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AlertHistoryView"];
                };
            };
        };
    };
    listEvents: {
        parameters: {
            query?: {
                /** @description What they are about; may be repeated. Left out: all. */
                topic?: ("alerts" | "states" | "kpis")[] | null;
                /** @description Paths of factories, lines or machines, each with all below; may be repeated. Left out: all. */
                path?: string[] | null;
                /** @description Priorities of alerts; may be repeated. Other topics are not filtered by it. */
                severity?: components["schemas"]["Severity"][] | null;
                /** @description Id of the last event that is known, or `last` of a page. */
                after?: string | null;
                /** @description Fields of each row that are wanted; a stream has all. Empty: all. */
                fields?: string;
                /** @description Rows at most. */
                limit?: number;
                /** @description `next_page_token` of the page before; empty: the first page. */
                page_token?: string;
            };
            header?: {
                /** @description What `after` says, as clients send it that lost a stream; it counts before that. */
                "Last-Event-ID"?: string | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EventPage"];
                    "text/csv": string;
                    "application/vnd.apache.parquet": string;
                    "application/vnd.apache.arrow.stream": string;
                    "text/event-stream": string;
                };
            };
        };
    };
    listWebhooks: {
        parameters: {
            query?: {
                /** @description Those of all callers; for whoever may see the whole park and read the audit. */
                everyone?: boolean;
                /** @description Fields of each row that are wanted, with commas between; empty: all. */
                fields?: string;
                /** @description Rows at most. */
                limit?: number;
                /** @description `next_page_token` of the page before; empty: the first page. */
                page_token?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Paged_WebhookView_"];
                    "text/csv": string;
                    "application/vnd.apache.parquet": string;
                    "application/vnd.apache.arrow.stream": string;
                };
            };
        };
    };
    createWebhook: {
        parameters: {
            query?: never;
            header?: {
                /** @description A text that names this request, such as a UUID, in quotes or bare. Sent again within 24 h, the request is answered as before (with `Idempotency-Replayed: true`), not done again. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WebhookRequest"];
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NewWebhookView"];
                };
            };
        };
    };
    readWebhook: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id of the webhook. */
                webhook: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookView"];
                };
            };
        };
    };
    deleteWebhook: {
        parameters: {
            query?: never;
            header?: {
                /** @description A text that names this request, such as a UUID, in quotes or bare. Sent again within 24 h, the request is answered as before (with `Idempotency-Replayed: true`), not done again. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description Id of the webhook. */
                webhook: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    changeWebhook: {
        parameters: {
            query?: never;
            header?: {
                /** @description A text that names this request, such as a UUID, in quotes or bare. Sent again within 24 h, the request is answered as before (with `Idempotency-Replayed: true`), not done again. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description Id of the webhook. */
                webhook: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WebhookChange"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookView"];
                };
            };
        };
    };
    rotateWebhookSecret: {
        parameters: {
            query?: never;
            header?: {
                /** @description A text that names this request, such as a UUID, in quotes or bare. Sent again within 24 h, the request is answered as before (with `Idempotency-Replayed: true`), not done again. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description Id of the webhook. */
                webhook: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SecretView"];
                };
            };
        };
    };
    testWebhook: {
        parameters: {
            query?: never;
            header?: {
                /** @description A text that names this request, such as a UUID, in quotes or bare. Sent again within 24 h, the request is answered as before (with `Idempotency-Replayed: true`), not done again. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description Id of the webhook. */
                webhook: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeliveryView"];
                };
            };
        };
    };
    listWebhookDeliveries: {
        parameters: {
            query?: {
                /** @description How they stand; may be repeated. Left out: however. */
                state?: ("pending" | "delivered" | "failed" | "dead")[] | null;
                /** @description Fields of each row that are wanted, with commas between; empty: all. */
                fields?: string;
                /** @description Rows at most. */
                limit?: number;
                /** @description `next_page_token` of the page before; empty: the first page. */
                page_token?: string;
            };
            header?: never;
            path: {
                /** @description Id of the webhook. */
                webhook: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Paged_DeliveryView_"];
                    "text/csv": string;
                    "application/vnd.apache.parquet": string;
                    "application/vnd.apache.arrow.stream": string;
                };
            };
        };
    };
    replayWebhook: {
        parameters: {
            query?: never;
            header?: {
                /** @description A text that names this request, such as a UUID, in quotes or bare. Sent again within 24 h, the request is answered as before (with `Idempotency-Replayed: true`), not done again. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description Id of the webhook. */
                webhook: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DeliveryReplayRequest"];
            };
        };
        responses: {
            /** @description Successful Response */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeliveryReplayView"];
                };
            };
        };
    };
    listFaults: {
        parameters: {
            query?: {
                /** @description Park, factory, line or equipment, each with all below it; may be repeated. */
                path?: string[] | null;
                /** @description Fields of each row that are wanted, with commas between; empty: all. */
                fields?: string;
                /** @description Rows at most. */
                limit?: number;
                /** @description `next_page_token` of the page before; empty: the first page. */
                page_token?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Paged_HealthScoreView_"];
                    "text/csv": string;
                    "application/vnd.apache.parquet": string;
                    "application/vnd.apache.arrow.stream": string;
                };
            };
        };
    };
    listFaultHistory: {
        parameters: {
            query?: {
                /** @description Park, factory, line or equipment, each with all below it; may be repeated. */
                path?: string[] | null;
                /** @description Start of the window, inclusive; open when left out. */
                start?: string | null;
                /** @description End of the window, exclusive; open when left out. */
                end?: string | null;
                /** @description Fields of each row that are wanted, with commas between; empty: all. */
                fields?: string;
                /** @description Rows at most. */
                limit?: number;
                /** @description `next_page_token` of the page before; empty: the first page. */
                page_token?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Paged_HealthHourView_"];
                    "text/csv": string;
                    "application/vnd.apache.parquet": string;
                    "application/vnd.apache.arrow.stream": string;
                };
            };
        };
    };
    listDetectors: {
        parameters: {
            query?: {
                /** @description Fields of each row that are wanted, with commas between; empty: all. */
                fields?: string;
                /** @description Rows at most. */
                limit?: number;
                /** @description `next_page_token` of the page before; empty: the first page. */
                page_token?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Paged_DetectorView_"];
                    "text/csv": string;
                    "application/vnd.apache.parquet": string;
                    "application/vnd.apache.arrow.stream": string;
                };
            };
        };
    };
    readFaults: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Path of the machine, `factory/line/equipment`. */
                path: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MachineFaultsView"];
                };
            };
        };
    };
    listIndicators: {
        parameters: {
            query?: {
                /** @description Park, factory, line or equipment, each with all below it; may be repeated. */
                path?: string[] | null;
                /** @description Fields of each row that are wanted, with commas between; empty: all. */
                fields?: string;
                /** @description Rows at most. */
                limit?: number;
                /** @description `next_page_token` of the page before; empty: the first page. */
                page_token?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Paged_IndicatorView_"];
                    "text/csv": string;
                    "application/vnd.apache.parquet": string;
                    "application/vnd.apache.arrow.stream": string;
                };
            };
        };
    };
    listHealthScores: {
        parameters: {
            query?: {
                /** @description Park, factory, line or equipment, each with all below it; may be repeated. */
                path?: string[] | null;
                /** @description Rows at most. */
                limit?: number;
                /** @description `next_page_token` of the page before; empty: the first page. */
                page_token?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Paged_HealthScoreView_"];
                };
            };
        };
    };
    listSamples: {
        parameters: {
            query: {
                /** @description Path of the signal, `factory/line/equipment/signal`. */
                signal: string;
                /** @description Start of the window, inclusive; RFC 3339 with a zone. */
                start: string;
                /** @description End of the window, exclusive; RFC 3339 with a zone. */
                end: string;
                /** @description Sum the window up in so many buckets of one width, at most. */
                points?: number | null;
                /** @description Sum the window up in buckets of this width from `start` on: `60s`, `15m`. */
                every?: string | null;
                /** @description Fields of each row that are wanted, with commas between; empty: all. */
                fields?: string;
                /** @description Rows at most. */
                limit?: number;
                /** @description `next_page_token` of the page before; empty: the first page. */
                page_token?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Paged_SampleView_"] | components["schemas"]["BucketsView"];
                    "text/csv": string;
                    "application/vnd.apache.parquet": string;
                    "application/vnd.apache.arrow.stream": string;
                };
            };
        };
    };
    listLatestSamples: {
        parameters: {
            query?: {
                /** @description Park, factory, line or equipment, each with all below it; may be repeated. */
                path?: string[] | null;
                /** @description How long ago they may be: `10m`, `1d`; 999m, 99h or 31d at most. */
                within?: string;
                /** @description Fields of each row that are wanted, with commas between; empty: all. */
                fields?: string;
                /** @description Rows at most. */
                limit?: number;
                /** @description `next_page_token` of the page before; empty: the first page. */
                page_token?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Paged_LatestView_"];
                    "text/csv": string;
                    "application/vnd.apache.parquet": string;
                    "application/vnd.apache.arrow.stream": string;
                };
            };
        };
    };
    listExports: {
        parameters: {
            query?: {
                /** @description Fields of each row that are wanted, with commas between; empty: all. */
                fields?: string;
                /** @description Rows at most. */
                limit?: number;
                /** @description `next_page_token` of the page before; empty: the first page. */
                page_token?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Paged_ExportView_"];
                    "text/csv": string;
                    "application/vnd.apache.parquet": string;
                    "application/vnd.apache.arrow.stream": string;
                };
            };
        };
    };
    createExport: {
        parameters: {
            query?: never;
            header?: {
                /** @description A text that names this request, such as a UUID, in quotes or bare. Sent again within 24 h, the request is answered as before (with `Idempotency-Replayed: true`), not done again. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ExportRequest"];
            };
        };
        responses: {
            /** @description Successful Response */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ExportView"];
                };
            };
        };
    };
    readExport: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id of the export. */
                export: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ExportView"];
                };
            };
        };
    };
    deleteExport: {
        parameters: {
            query?: never;
            header?: {
                /** @description A text that names this request, such as a UUID, in quotes or bare. Sent again within 24 h, the request is answered as before (with `Idempotency-Replayed: true`), not done again. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description Id of the export. */
                export: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    downloadExport: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id of the export. */
                export: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The file. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/vnd.apache.parquet": string;
                    "text/csv": string;
                    "application/vnd.apache.arrow.file": string;
                };
            };
            /** @description The bytes of the file that `Range` asks for. */
            206: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/vnd.apache.parquet": string;
                    "text/csv": string;
                    "application/vnd.apache.arrow.file": string;
                };
            };
        };
    };
    listGaps: {
        parameters: {
            query?: {
                /** @description Names of sources; may be repeated. Left out: all of them. */
                source?: string[] | null;
                /** @description What became of them; may be repeated. Left out: whatever became of them. */
                state?: ("open" | "filled" | "unfillable")[] | null;
                /** @description What happened; may be repeated. Left out: whatever. */
                kind?: components["schemas"]["GapKind"][] | null;
                /** @description Start of the window, inclusive; open when left out. */
                start?: string | null;
                /** @description End of the window, exclusive; open when left out. */
                end?: string | null;
                /** @description Fields of each row that are wanted, with commas between; empty: all. */
                fields?: string;
                /** @description Rows at most. */
                limit?: number;
                /** @description `next_page_token` of the page before; empty: the first page. */
                page_token?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Paged_GapView_"];
                    "text/csv": string;
                    "application/vnd.apache.parquet": string;
                    "application/vnd.apache.arrow.stream": string;
                };
            };
        };
    };
    readGap: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Its number. */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GapView"];
                };
            };
        };
    };
    listDeadLetters: {
        parameters: {
            query?: {
                /** @description Name of one source. Left out: all of them. */
                source?: string | null;
                /** @description Path of one signal, or of an asset: then of every signal below it. */
                signal?: string | null;
                /** @description Text that the reason holds, in any case. */
                reason?: string;
                /** @description How they stand. */
                state?: "open" | "replayed" | "dropped" | "all";
                /** @description Fields of each row that are wanted, with commas between; empty: all. */
                fields?: string;
                /** @description Rows at most. */
                limit?: number;
                /** @description `next_page_token` of the page before; empty: the first page. */
                page_token?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Paged_DeadLetterView_"];
                    "text/csv": string;
                    "application/vnd.apache.parquet": string;
                    "application/vnd.apache.arrow.stream": string;
                };
            };
        };
    };
    exportDeadLetters: {
        parameters: {
            query?: {
                /** @description `jsonl`: an object a line; `csv`: with a header. */
                format?: "jsonl" | "csv";
                /** @description Name of one source. Left out: all of them. */
                source?: string | null;
                /** @description Path of one signal, or of an asset: then of every signal below it. */
                signal?: string | null;
                /** @description Text that the reason holds, in any case. */
                reason?: string;
                /** @description How they stand. */
                state?: "open" | "replayed" | "dropped" | "all";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The letters as a file. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/jsonl": string;
                    "text/csv": string;
                };
            };
        };
    };
    readDeadLetter: {
        parameters: {
            query?: {
                /** @description true: the whole payload, 64 KiB at most. */
                whole?: boolean;
            };
            header?: never;
            path: {
                /** @description Its number. */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeadLetterView"];
                };
            };
        };
    };
    replayDeadLetters: {
        parameters: {
            query?: never;
            header?: {
                /** @description A text that names this request, such as a UUID, in quotes or bare. Sent again within 24 h, the request is answered as before (with `Idempotency-Replayed: true`), not done again. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ReplayRequest"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReplayView"];
                };
            };
        };
    };
    dropDeadLetters: {
        parameters: {
            query?: never;
            header?: {
                /** @description A text that names this request, such as a UUID, in quotes or bare. Sent again within 24 h, the request is answered as before (with `Idempotency-Replayed: true`), not done again. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DropRequest"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DropView"];
                };
            };
        };
    };
    listAudit: {
        parameters: {
            query?: {
                /** @description Id of who asked. Left out: everybody. */
                caller?: string | null;
                /** @description HTTP methods; may be repeated. Left out: whatever method. */
                method?: ("GET" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS")[] | null;
                /** @description Classes of HTTP status; may be repeated. Left out: whatever status. */
                status?: ("2xx" | "3xx" | "4xx" | "5xx")[] | null;
                /** @description What the path begins with, such as `/api/v1/alerts`. Left out: anything. */
                prefix?: string | null;
                /** @description Start of the window, inclusive; open when left out. */
                start?: string | null;
                /** @description End of the window, exclusive; open when left out. */
                end?: string | null;
                /** @description Which rows come first: the newest, or the oldest. */
                order?: "newest" | "oldest";
                /** @description Fields of each row that are wanted, with commas between; empty: all. */
                fields?: string;
                /** @description Rows at most. */
                limit?: number;
                /** @description `next_page_token` of the page before; empty: the first page. */
                page_token?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Paged_AuditView_"];
                    "text/csv": string;
                    "application/vnd.apache.parquet": string;
                    "application/vnd.apache.arrow.stream": string;
                };
            };
        };
    };
    listParks: {
        parameters: {
            query?: {
                /** @description Fields of each row that are wanted, with commas between; empty: all. */
                fields?: string;
                /** @description Rows at most. */
                limit?: number;
                /** @description `next_page_token` of the page before; empty: the first page. */
                page_token?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Paged_ParkView_"];
                    "text/csv": string;
                    "application/vnd.apache.parquet": string;
                    "application/vnd.apache.arrow.stream": string;
                };
            };
        };
    };
    readPark: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Its id. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ParkView"];
                };
            };
        };
    };
    listFactories: {
        parameters: {
            query?: {
                /** @description Paths of factories; may be repeated. Left out: all. */
                path?: string[] | null;
                /** @description Fields of each row that are wanted, with commas between; empty: all. */
                fields?: string;
                /** @description Rows at most. */
                limit?: number;
                /** @description `next_page_token` of the page before; empty: the first page. */
                page_token?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Paged_FactoryView_"];
                    "text/csv": string;
                    "application/vnd.apache.parquet": string;
                    "application/vnd.apache.arrow.stream": string;
                };
            };
        };
    };
    readFactory: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Path of the factory: its id. */
                path: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FactoryView"];
                };
            };
        };
    };
    listLines: {
        parameters: {
            query?: {
                /** @description Paths of factories or lines; may be repeated. Left out: all lines. */
                path?: string[] | null;
                /** @description Fields of each row that are wanted, with commas between; empty: all. */
                fields?: string;
                /** @description Rows at most. */
                limit?: number;
                /** @description `next_page_token` of the page before; empty: the first page. */
                page_token?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Paged_LineView_"];
                    "text/csv": string;
                    "application/vnd.apache.parquet": string;
                    "application/vnd.apache.arrow.stream": string;
                };
            };
        };
    };
    readLine: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Path of the line, `factory/line`. */
                path: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LineView"];
                };
            };
        };
    };
    listEquipment: {
        parameters: {
            query?: {
                /** @description Paths of factories, lines or machines; may be repeated. Left out: all. */
                path?: string[] | null;
                /** @description Classes of machines; may be repeated. Left out: all. */
                equipment_class?: string[] | null;
                /** @description Fields of each row that are wanted, with commas between; empty: all. */
                fields?: string;
                /** @description Rows at most. */
                limit?: number;
                /** @description `next_page_token` of the page before; empty: the first page. */
                page_token?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Paged_EquipmentView_"];
                    "text/csv": string;
                    "application/vnd.apache.parquet": string;
                    "application/vnd.apache.arrow.stream": string;
                };
            };
        };
    };
    listSignals: {
        parameters: {
            query?: {
                /** @description Paths of factories, lines or machines; may be repeated. Left out: all. */
                path?: string[] | null;
                /** @description Names of sources; may be repeated. Left out: all of them. */
                source?: string[] | null;
                /** @description What they mean; may be repeated. Left out: whatever. */
                role?: components["schemas"]["SignalRole"][] | null;
                /** @description Types of values; may be repeated. Left out: all of them. */
                type?: ("float" | "int" | "bool" | "text")[] | null;
                /** @description Fields of each row that are wanted, with commas between; empty: all. */
                fields?: string;
                /** @description Rows at most. */
                limit?: number;
                /** @description `next_page_token` of the page before; empty: the first page. */
                page_token?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Paged_SignalView_"];
                    "text/csv": string;
                    "application/vnd.apache.parquet": string;
                    "application/vnd.apache.arrow.stream": string;
                };
            };
        };
    };
    readEquipment: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Path of the machine, `factory/line/equipment`. */
                path: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EquipmentView"];
                };
            };
        };
    };
    readSignal: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Path of the signal, `factory/line/equipment/name`. */
                path: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SignalView"];
                };
            };
        };
    };
    listOpenData: {
        parameters: {
            query?: {
                /** @description Fields of each row that are wanted, with commas between; empty: all. */
                fields?: string;
                /** @description Rows at most. */
                limit?: number;
                /** @description `next_page_token` of the page before; empty: the first page. */
                page_token?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Paged_OpenDataView_"];
                    "text/csv": string;
                    "application/vnd.apache.parquet": string;
                    "application/vnd.apache.arrow.stream": string;
                };
            };
        };
    };
    listOpenDataRows: {
        parameters: {
            query?: {
                /** @description Periods that begin on this local day or later. */
                start?: string | null;
                /** @description Periods that begin before this local day. */
                end?: string | null;
                /** @description Numbers of the view; may be repeated. Left out: all. */
                kpi?: string[] | null;
                /** @description Groups, as rows call them; may be repeated. Left out: all. */
                group?: string[] | null;
                /** @description Fields of each row that are wanted, with commas between; empty: all. */
                fields?: string;
                /** @description Rows at most. */
                limit?: number;
                /** @description `next_page_token` of the page before; empty: the first page. */
                page_token?: string;
            };
            header?: never;
            path: {
                /** @description Name of the view. */
                view: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OpenPage"];
                    "text/csv": string;
                    "application/vnd.apache.parquet": string;
                    "application/vnd.apache.arrow.stream": string;
                };
            };
        };
    };
    readHealth: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HealthView"];
                };
            };
        };
    };
    readReadiness: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReadinessView"];
                };
            };
        };
    };
    readProblem: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Last segment of the `type`. */
                slug: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["KindView"];
                };
            };
        };
    };
}
