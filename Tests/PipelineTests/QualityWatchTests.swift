import Testing

@testable import Pipeline

/// Each edge of the watch, and how often noise alone is taken for a fall.
@Suite struct QualityWatchTests {
    private var watch = QualityWatch(Self.settings)
    private var sums = QualityWatch.Sums()

    private static let settings = {
        var settings = QualityWatch.Settings()
        settings.cases = 1000
        settings.fall = 0.15
        return settings
    }()

    private mutating func add(_ cases: Int, hitsOfHundred: Int) {
        for index in 0..<cases where index % 100 < hitsOfHundred {
            sums.gains += 1
            sums.squares += 1
        }
        sums.cases += cases
        watch.note(sums)
    }

    private var isComparing: Bool { if case .comparing = watch.state { true } else { false } }
    private var hasFallen: Bool { if case .fallen = watch.state { true } else { false } }

    @Test mutating func aStretchBecomesTheMeasureWhenItIsLongEnough() {
        add(0, hitsOfHundred: 0)
        add(999, hitsOfHundred: 30)
        #expect(watch.state == .gathering)
        add(1, hitsOfHundred: 0)
        #expect(isComparing)
    }

    @Test mutating func onlyAFallThatIsLargeAndNoChanceCounts() {
        add(0, hitsOfHundred: 0)
        add(1000, hitsOfHundred: 30)
        // By less than the share asked for.
        add(1000, hitsOfHundred: 26)
        #expect(isComparing)
        // By enough, but within three standard errors.
        add(1000, hitsOfHundred: 25)
        #expect(isComparing)
        add(1000, hitsOfHundred: 35)
        #expect(isComparing)
        // A fall needs its cases.
        add(999, hitsOfHundred: 10)
        #expect(isComparing)
        add(1, hitsOfHundred: 0)
        #expect(hasFallen)
        // It stays until a training begins, whatever comes.
        add(1000, hitsOfHundred: 40)
        #expect(hasFallen)
        watch.restart()
        #expect(watch.state == .gathering)
    }

    @Test mutating func aSmallFallThatIsNoChanceDoesNotCount() {
        add(0, hitsOfHundred: 0)
        add(1_000_000, hitsOfHundred: 30)
        add(1_000_000, hitsOfHundred: 27)
        #expect(isComparing)
    }

    @Test mutating func aSlowDeclineIsHeardToo() {
        add(0, hitsOfHundred: 0)
        for hits in stride(from: 30, through: 24, by: -1) { add(5000, hitsOfHundred: hits) }
        #expect(hasFallen)
    }

    @Test mutating func anotherWorkersSumsBeginAnewStretch() {
        add(500, hitsOfHundred: 30)
        add(900, hitsOfHundred: 30)
        sums = .init()
        add(10, hitsOfHundred: 0)
        add(999, hitsOfHundred: 30)
        #expect(watch.state == .gathering)
        add(1, hitsOfHundred: 30)
        #expect(isComparing)
    }

    @Test func noneIsHeardWhereItIsSwitchedOff() {
        var settings = Self.settings
        settings.fall = 0
        var off = QualityWatchTests()
        off.watch = QualityWatch(settings)
        off.add(0, hitsOfHundred: 0)
        off.add(1000, hitsOfHundred: 30)
        off.add(1000, hitsOfHundred: 0)
        #expect(off.watch.state == .gathering)
    }

    /// Steady quality, drawn by chance: of a thousand stretches compared, hardly any is taken for a fall.
    @Test func noiseHardlyTrains() {
        var random = Seeded(7)
        var falls = 0
        for _ in 0..<100 {
            var shop = QualityWatchTests()
            shop.watch.note(shop.sums)
            for _ in 0..<11 {
                for _ in 0..<1000 where random.next() % 100 < 10 {
                    shop.sums.gains += 0.5
                    shop.sums.squares += 0.25
                }
                shop.sums.cases += 1000
                shop.watch.note(shop.sums)
            }
            if shop.hasFallen { falls += 1 }
        }
        #expect(falls <= 5, "\(falls) of 100 runs")
    }
}
