internal import CKernels

/// The integers of an `InnerProductIndex`: 16 items a group that share a scale, 4 dimensions by 4, offset by 128 to be
/// unsigned. Unchecked: written while the index is built, read afterwards.
final class ScreenStorage: @unchecked Sendable {
    let bytes: UnsafeMutablePointer<UInt8>
    let groups: UnsafeMutablePointer<fk_screen_group>
    private let quads: Int

    init(groups count: Int, quads: Int) {
        self.quads = quads
        let size = max(count * quads, 1) * 64
        bytes = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 64)
            .bindMemory(to: UInt8.self, capacity: size)
        bytes.initialize(repeating: 128, count: size)
        groups = .allocate(capacity: max(count, 1))
        groups.initialize(
            repeating: fk_screen_group(scale: 1, error: 0, norm: 0, padding: 0), count: max(count, 1))
    }

    deinit {
        bytes.deallocate()
        groups.deallocate()
    }

    func fill(group: Int, members: ArraySlice<Int32>, items: Matrix, norms: [Double]) {
        var largest: Float = 0
        var norm = 0.0
        for item in members {
            let row = items.row(Int(item))
            for column in 0..<items.columns { largest = max(largest, row[column].magnitude) }
            norm = max(norm, norms[Int(item)])
        }
        // Denormal scales have no precision; those items are all zeros for the screen, and all error.
        let scale = largest / 127
        guard scale >= Float.leastNormalMagnitude else {
            groups[group] = fk_screen_group(scale: 1, error: Float(norm).nextUp, norm: Float(norm).nextUp, padding: 0)
            return
        }
        var error = 0.0
        for (lane, item) in members.enumerated() {
            error = max(error, quantise(items.row(Int(item)), items.columns, scale: scale, group: group, lane: lane))
        }
        groups[group] = fk_screen_group(
            scale: scale, error: Float(error).nextUp, norm: Float(norm).nextUp, padding: 0)
    }

    /// Returns the norm of what the integers leave out, rounded up.
    private func quantise(
        _ row: UnsafePointer<Float>, _ columns: Int, scale: Float, group: Int, lane: Int
    ) -> Double {
        let target = bytes + group * quads * 64 + lane * 4
        var sum = 0.0
        for column in 0..<columns {
            // Adding and taking away 1.5 · 2²³ rounds to the nearest integer.
            let level = min(max((row[column] / scale + 0x1.8p23) - 0x1.8p23, -127), 127)
            target[column / 4 * 64 + column % 4] = UInt8(level + 128)
            let rest = Double(row[column]) - Double(scale) * Double(level)
            sum += rest * rest
        }
        return sum.squareRoot() * (1 + 0x1p-30)
    }
}
