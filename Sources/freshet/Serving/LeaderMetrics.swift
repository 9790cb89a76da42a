import Events
import ServiceKit

/// What an instance that stands for election shows as metrics.
final class LeaderMetrics {
    private let leader: Gauge
    private let training: Gauge
    private let running: Gauge
    private let promoted: Counter
    private let refused: Counter
    private let registry: MetricsRegistry
    private var last = LeaderService.Standing()

    init(_ registry: MetricsRegistry) {
        func counter(_ name: String, _ help: String) -> Counter { Counter(label: name, help: help, registry: registry) }
        func gauge(_ name: String, _ help: String) -> Gauge { Gauge(label: name, help: help, registry: registry) }
        self.registry = registry
        leader = gauge("freshet_leader", "1 where this instance leads, 0 elsewhere.")
        training = gauge("freshet_training_progress", "The share of the present training that is done; 0 without one.")
        running = gauge("freshet_training_running", "1 while this instance trains, 0 else.")
        promoted = counter("freshet_generations_promoted_total", "Generations that this instance trained and promoted.")
        refused = counter("freshet_generations_refused_total", "Generations that this instance trained and refused.")
        // Shown from the start, so that a rate has something to begin at.
        for code in RejectionCode.ofCatalogue { _ = rejected(code) }
    }

    private func rejected(_ code: RejectionCode) -> Counter {
        Counter(
            label: "freshet_catalogue_rejected_total", dimensions: [("reason", code.rawValue)],
            help: "Records of the catalogue sent to the dead letters, by reason.", registry: registry)
    }

    func update(_ standing: LeaderService.Standing) {
        leader.record(standing.isLeading ? 1 : 0)
        training.record(standing.trainingShare)
        running.record(standing.isTraining ? 1 : 0)
        promoted.increment(by: standing.promoted - last.promoted)
        refused.increment(by: standing.refused - last.refused)
        for (code, count) in standing.catalogueRejections {
            rejected(code).increment(by: count - (last.catalogueRejections[code] ?? 0))
        }
        last = standing
    }
}
