import Pipeline
import ServiceKit
import Synchronization

/// The live quality of a service's own lists over its events, for a picture: what `freshet_live_hit_rate` and
/// `freshet_live_ndcg` showed, and when generations came in.
final class LiveChart: Sendable {
    private struct Point {
        var events: Int
        var hitRate: Double
        var ndcg: Double
    }

    private struct Course {
        var points: [Point] = []
        var generations: [(number: Int, events: Int)] = []
        /// Cases from one point to the next; doubled where there would be too many points.
        var step = LiveChart.firstStep
        /// Of the present worker. Another one begins to count from nothing, and its means too.
        var cases = 0
        var nextCases = LiveChart.casesMin
        var events = 0
        /// Of the workers before it.
        var earlierEvents = 0
        var earlierCases = 0

        var allEvents: Int { earlierEvents + events }
        var allCases: Int { earlierCases + cases }
    }

    /// A mean over fewer cases says little.
    static let casesMin = 200
    static let firstStep = 50
    static let pointsMax = 600

    private let course = Mutex(Course())

    /// Takes note of where the service is now.
    /// - Parameter events: that the present worker has learnt.
    func note(_ quality: LiveQuality, events: Int, generation: Int?) {
        course.withLock { course in
            if events < course.events || quality.cases < course.cases {
                (course.earlierEvents, course.earlierCases) = (course.allEvents, course.allCases)
                course.nextCases = Self.casesMin
            }
            (course.events, course.cases) = (events, quality.cases)
            if let generation, course.generations.last?.number != generation {
                course.generations.append((generation, course.allEvents))
            }
            guard quality.cases >= course.nextCases else { return }
            course.nextCases = quality.cases + course.step
            course.points.append(Point(events: course.allEvents, hitRate: quality.hitRate, ndcg: quality.ndcg))
            guard course.points.count > Self.pointsMax else { return }
            course.points = course.points.indices.filter { $0 % 2 == 0 }.map { course.points[$0] }
            course.step *= 2
        }
    }

    var chart: Chart {
        course.withLock { course in
            var chart = Chart(
                title: "Live quality of the lists of a running service", xLabel: "events so far",
                yLabel: "mean over about the last 1,000 cases")
            chart.subtitle =
                "each user's last list at the user's next event, where its item is new to the user; "
                + HumanFormat.counted(course.allCases, "case")
            chart.series = [
                .init(
                    "HR@20", colour: 0, drawing: .line, points: course.points.map { (Double($0.events), $0.hitRate) }),
                .init(
                    "NDCG@20", colour: 1, drawing: .line, points: course.points.map { (Double($0.events), $0.ndcg) }),
            ]
            chart.marks = course.generations.map { Double($0.events) }
            chart.marksTitle = "a new generation"
            return chart
        }
    }

    /// Writes it; that it cannot be written is no reason to end otherwise.
    func write(to path: String) {
        do {
            try OutputFile.write(chart.svg(), to: path)
        } catch {
            Logger(label: "freshet").warning("the chart was not written: \(error)")
        }
    }
}
