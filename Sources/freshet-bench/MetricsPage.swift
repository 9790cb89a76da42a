import HTTPAPI

/// The metrics of a running service, as its HTTP port shows them.
struct MetricsPage {
    private let address: ListenAddress

    /// - Throws: where the service does not say that it listens.
    init(of service: BenchmarkProcess) throws {
        let mark = "listening on http://"
        guard let start = service.output.firstRange(of: mark)?.upperBound else {
            throw BenchmarkFailure("freshet serve does not listen: \(service.output.suffix(500))")
        }
        address = try ListenAddress(String(service.output[start...].prefix { !$0.isWhitespace && $0 != "\"" }))
    }

    func histogram(_ name: String) throws -> Histogram {
        guard let text = HTTPProbe.body(of: "/metrics", at: address) else {
            throw BenchmarkFailure("no metrics at \(address)")
        }
        var histogram = Histogram()
        for line in text.split(separator: "\n") where line.hasPrefix("\(name)_bucket{le=\"") {
            let parts = line.split(separator: "\"")
            guard parts.count == 3, let count = Int(parts[2].dropFirst(2)) else { continue }
            histogram.bounds.append(Double(parts[1]) ?? .infinity)
            histogram.below.append(count)
        }
        return histogram
    }

    /// Upper bounds in seconds, and how many durations lie below each.
    struct Histogram {
        var bounds: [Double] = []
        var below: [Int] = []

        func since(_ earlier: Histogram) -> Histogram {
            guard earlier.below.count == below.count else { return self }
            return Histogram(bounds: bounds, below: zip(below, earlier.below).map { $0 - $1 })
        }

        func count(above bound: Double) -> Int {
            (below.last ?? 0) - (bounds.firstIndex { $0 >= bound }.map { below[$0] } ?? 0)
        }

        /// Interpolated inside its bucket.
        func quantile(_ share: Double) -> Double {
            let rank = share * Double(below.last ?? 0)
            guard rank > 0, let place = below.firstIndex(where: { Double($0) >= rank }) else { return .nan }
            let (low, first) = place == 0 ? (0, 0) : (bounds[place - 1], below[place - 1])
            guard bounds[place].isFinite else { return low }
            return low + (bounds[place] - low) * (rank - Double(first)) / Double(below[place] - first)
        }
    }
}
