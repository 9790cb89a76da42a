import Testing

@testable import Pipeline

/// Each edge of the schedule, one after another.
@Suite struct TrainingScheduleTests {
    private static let settings = {
        var settings = TrainingSchedule.Settings()
        settings.firstEvents = 100
        settings.growth = 0.05
        settings.intervalMilliseconds = 30_000
        settings.ageMillisecondsMax = 1_000_000
        settings.quality.cases = 1000
        settings.quality.fall = 0.15
        return settings
    }()

    private var schedule = TrainingSchedule(settings)

    private func moment(
        _ now: UInt64, _ events: Int, _ generation: Int? = nil, learnt: Int? = nil, hurried: Bool = false
    ) -> TrainingSchedule.Moment {
        .init(now: now, events: events, learnt: learnt ?? events, generationEvents: generation, isHurried: hurried)
    }

    @Test mutating func theFirstOneWaitsForEnoughEvents() {
        #expect(schedule.reason(moment(0, 99)) == nil)
        #expect(schedule.reason(moment(0, 100)) == .first)
    }

    @Test mutating func growthCountsFromTheServingGenerationOrTheLastTraining() {
        #expect(schedule.reason(moment(0, 1049, 1000)) == nil)
        #expect(schedule.reason(moment(0, 1050, 1000)) == .growth)
        schedule.begin(moment(0, 1050, 1000))
        // It was refused: the serving one is as old as before, and it is not tried again at once.
        #expect(schedule.reason(moment(60_000, 1060, 1000)) == nil)
        #expect(schedule.reason(moment(60_000, 1103, 1000)) == .growth)
    }

    /// Offsets count what nobody has learnt where the first events of a topic have expired.
    @Test mutating func aTopicMayBeginAnywhere() {
        let first = 50_000_000
        #expect(schedule.reason(moment(0, first + 99, learnt: 99)) == nil)
        #expect(schedule.reason(moment(0, first + 100, learnt: 100)) == .first)
        schedule.begin(moment(0, first + 100, learnt: 100))
        #expect(schedule.reason(moment(60_000, first + 104, first + 100, learnt: 104)) == nil)
        #expect(schedule.reason(moment(60_000, first + 105, first + 100, learnt: 105)) == .growth)
        // One that was trained by hand, where nothing served, knows no offset.
        #expect(schedule.reason(moment(60_000, first + 106, 0, learnt: 106)) == .growth)
    }

    @Test mutating func afterEachFailureItWaitsTwiceAsLong() {
        var now: UInt64 = 0
        for wait in [60, 120, 240, 480, 960, 1920, 3600, 3600].map({ UInt64($0) * 1000 }) {
            schedule.begin(moment(now, 1000))
            schedule.fail()
            // Whoever waits for the end does not wait for that.
            #expect(schedule.reason(moment(now + wait - 1, 1000, hurried: true)) == nil)
            #expect(schedule.reason(moment(now + wait, 1000)) == .first)
            now += wait
        }
        // One that does not fail ends it.
        schedule.begin(moment(now, 1000))
        #expect(schedule.reason(moment(now + 30_000, 1100)) == .growth)
        schedule.begin(moment(now + 30_000, 1100))
        schedule.fail()
        #expect(schedule.reason(moment(now + 90_000, 1100)) == .first)
    }

    @Test mutating func nothingIsHeardWithinTheInterval() {
        schedule.begin(moment(1_000, 1000))
        #expect(schedule.reason(moment(30_999, 5000)) == nil)
        #expect(schedule.reason(moment(31_000, 5000)) == .growth)
        #expect(schedule.reason(moment(1_001, 5000, hurried: true)) == .growth)
    }

    @Test mutating func whatWasGivenUpIsTriedAgain() {
        schedule.begin(moment(0, 1000))
        schedule.giveUp()
        #expect(schedule.reason(moment(29_999, 1001, 900)) == nil)
        #expect(schedule.reason(moment(30_000, 1001, 900)) == .growth)
    }

    @Test mutating func ageNeedsOneNewEvent() {
        schedule.begin(moment(0, 1000))
        #expect(schedule.reason(moment(999_999, 1001)) == nil)
        #expect(schedule.reason(moment(1_000_000, 1000)) == nil)
        #expect(schedule.reason(moment(1_000_000, 1001)) == .age)
        // What an earlier process trained is as old as this schedule at least.
        var another = TrainingSchedule(Self.settings)
        #expect(another.reason(moment(5, 1001, 1000)) == nil)
        #expect(another.reason(moment(1_000_005, 1001, 1000)) == .age)
    }

    @Test func ageCanBeSwitchedOff() {
        var settings = Self.settings
        settings.ageMillisecondsMax = 0
        var schedule = TrainingSchedule(settings)
        schedule.begin(moment(0, 1000))
        #expect(schedule.reason(moment(.max, 1001)) == nil)
    }

    @Test mutating func aFallOfQualityMakesATrainingDueOnce() {
        schedule.begin(moment(0, 1000))
        var quality = LiveQuality()
        schedule.note(quality)
        add(&quality, 1000, hitsOfHundred: 30)
        #expect(schedule.reason(moment(40_000, 1001)) == nil)
        add(&quality, 1000, hitsOfHundred: 10)
        // Not from the same events, and not within the interval.
        #expect(schedule.reason(moment(40_000, 1000)) == nil)
        #expect(schedule.reason(moment(29_999, 1001)) == nil)
        #expect(schedule.reason(moment(40_000, 1001)) == .qualityFell(from: 0.3, to: 0.1))
        schedule.begin(moment(40_000, 1001))
        // Training did not mend it: that is the measure now.
        add(&quality, 1000, hitsOfHundred: 10)
        add(&quality, 1000, hitsOfHundred: 10)
        #expect(schedule.reason(moment(80_000, 1002)) == nil)
        add(&quality, 1000, hitsOfHundred: 3)
        #expect(schedule.reason(moment(80_000, 1002)) == .qualityFell(from: 0.1, to: 0.03))
    }

    @Test func reasonsAreToldInWords() {
        #expect(
            TrainingSchedule.Reason.qualityFell(from: 0.0612, to: 0.05).text
                == "the live NDCG fell from 0.0612 to 0.0500")
    }

    private mutating func add(_ quality: inout LiveQuality, _ cases: Int, hitsOfHundred: Int) {
        for index in 0..<cases { quality.add(index % 100 < hitsOfHundred ? .at(0) : .missing) }
        schedule.note(quality)
    }
}
