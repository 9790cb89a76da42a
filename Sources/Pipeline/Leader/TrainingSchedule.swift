/// When the leader trains: by events, by time, or when the live quality has fallen.
///
///     too early ──first events──► due (first) ──began──► watching ──growth, age or a fall──► due ──began──► watching …
///
/// The three triggers ask for what they need only: growth and age compare with what the last training or the serving
/// generation knew, a fall is `QualityWatch`'s to tell. None is heard within the least interval after a training began,
/// unless the end is waited for. No clock and no randomness: the caller brings the time.
public struct TrainingSchedule: Sendable {
    /// What makes a training due.
    public struct Settings: Sendable, Equatable {
        /// Events before the first training.
        public var firstEvents = 2000
        /// The share of new events that makes a training due.
        public var growth = 0.05
        /// Between two trainings, at least, in ms.
        public var intervalMilliseconds: UInt64 = 30_000
        /// After so long one event that is not known makes a training due; 0 for never.
        public var ageMillisecondsMax: UInt64 = 86_400_000
        /// When a fall of the live quality makes a training due.
        public var quality = QualityWatch.Settings()

        public init() {}
    }

    /// Why a training is due.
    public enum Reason: Sendable, Equatable {
        case first
        case growth
        case age
        case qualityFell(from: Double, to: Double)

        /// For a log line.
        public var text: String {
            switch self {
            case .first: "there are enough events"
            case .growth: "the events have grown"
            case .age: "the last training was long ago"
            case .qualityFell(let from, let to):
                "the live NDCG fell from \(Self.figure(from)) to \(Self.figure(to))"
            }
        }

        private static func figure(_ value: Double) -> String {
            let tenThousandths = Int((value * 10_000).rounded())
            let digits = String(tenThousandths % 10_000)
            return "\(tenThousandths / 10_000)." + String(repeating: "0", count: 4 - digits.count) + digits
        }
    }

    /// What is looked at when asking.
    public struct Moment: Sendable {
        /// A monotonic clock in ms.
        public var now: UInt64
        /// Where in the events the items are: only differences of it count, since a topic may begin anywhere.
        public var events: Int
        /// Events that the items have learnt.
        public var learnt: Int
        /// Where they were when the serving generation was trained; nil without one.
        public var generationEvents: Int?
        /// Whether the end is waited for: what is due is not put off.
        public var isHurried: Bool

        public init(now: UInt64, events: Int, learnt: Int, generationEvents: Int?, isHurried: Bool = false) {
            self.now = now
            self.events = events
            self.learnt = learnt
            self.generationEvents = generationEvents
            self.isHurried = isHurried
        }
    }

    private let settings: Settings
    private var watch: QualityWatch
    /// When the last training began, and the events of then: a refused generation does not serve, and is not tried again
    /// at once.
    private var began: (time: UInt64, events: Int)?
    /// How many trainings have failed, one after another, the last one included; and whether the last one has.
    private var failures = 0
    private var hasFailed = false
    /// The longest wait after a failure, if the interval is not longer, in ms.
    static let patienceMilliseconds: UInt64 = 3_600_000
    /// When this schedule was first asked: how old a generation of before is, it does not know.
    private var askedAt: UInt64?

    public init(_ settings: Settings) {
        self.settings = settings
        watch = QualityWatch(settings.quality)
    }

    /// Takes note of what users did with the lists.
    public mutating func note(_ quality: LiveQuality) { watch.note(quality.sums) }

    /// Why a training is due now; nil where none is.
    public mutating func reason(_ moment: Moment) -> Reason? {
        if askedAt == nil { askedAt = moment.now }
        guard moment.learnt >= settings.firstEvents else { return nil }
        if let began, hasFailed || !moment.isHurried, moment.now - began.time < wait { return nil }
        let known = max(began?.events ?? 0, moment.generationEvents ?? 0)
        if known == 0 { return .first }
        let new = moment.events - known
        if Double(new) >= Double(max(0, moment.learnt - new)) * settings.growth { return .growth }
        // From the same events comes the same generation.
        guard moment.events > known else { return nil }
        if case .fallen(let from, let to) = watch.state { return .qualityFell(from: from, to: to) }
        let since = began?.time ?? askedAt ?? moment.now
        let isOld = settings.ageMillisecondsMax > 0 && moment.now - since >= settings.ageMillisecondsMax
        return isOld ? .age : nil
    }

    /// A training begins: what comes after it is measured anew.
    public mutating func begin(_ moment: Moment) {
        began = (moment.now, moment.events)
        if !hasFailed { failures = 0 }
        hasFailed = false
        watch.restart()
    }

    /// What was trained is given up; it may be tried again when the interval is over.
    public mutating func giveUp() { began?.events = 0 }

    /// The training failed. It is tried again after twice the time that it was tried after, up to an hour: what fails for want
    /// of memory would otherwise take the processor for ever, and whoever waits for the end does not wait for it.
    public mutating func fail() {
        giveUp()
        hasFailed = true
        failures += 1
    }

    /// From the last training's beginning to the next one's, at least, in ms.
    private var wait: UInt64 {
        let interval = settings.intervalMilliseconds
        guard hasFailed, interval < Self.patienceMilliseconds else { return interval }
        return min(Self.patienceMilliseconds, max(1000, interval) << UInt64(min(failures, 12)))
    }
}
