import Linear
import Testing

@testable import Models

@Suite struct NPYTests {
    /// A file as NumPy writes it.
    private func file(_ header: String, version: UInt8 = 1, values: [UInt8]) -> [UInt8] {
        let text = Array((header + "\n").utf8)
        let size =
            version == 1
            ? [UInt8(text.count & 255), UInt8(text.count >> 8)]
            : [UInt8(text.count & 255), UInt8(text.count >> 8), 0, 0]
        return [0x93] + Array("NUMPY".utf8) + [version, 0] + size + text + values
    }

    private func read(_ bytes: [UInt8]) throws(NPYArray.Failure) -> NPYArray {
        let result = bytes.withUnsafeBytes { bytes in
            Result { () throws(NPYArray.Failure) in try NPYArray(bytes) }
        }
        return try result.get()
    }

    private let six: [Float] = [1, -2, 0.5, 3, 4, 5]
    private var singles: [UInt8] { six.withUnsafeBytes { Array($0) } }
    private var doubles: [UInt8] { six.map { Double($0) }.withUnsafeBytes { Array($0) } }

    @Test func readsBothVersionsAndTypes() throws {
        for version in [UInt8(1), 2] {
            let single = try read(
                file("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }  ", version: version, values: singles)
            )
            #expect(single.shape == [3, 2] && single.values == six)
            let double = try read(
                file("{'descr':'<f8','fortran_order':False,'shape':(2,3)}", version: version, values: doubles))
            #expect(double.shape == [2, 3] && double.values == six)
        }
        let line = try read(file("{'descr': '<f4', 'fortran_order': False, 'shape': (6,), }", values: singles))
        #expect(line.shape == [6])
        #expect(throws: NPYArray.Failure.self) { try line.matrix() }
    }

    /// A transposed array is written column by column.
    @Test func readsFortranOrder() throws {
        let array = try read(file("{'descr': '<f4', 'fortran_order': True, 'shape': (3, 2), }", values: singles))
        #expect(array.shape == [3, 2] && array.values == [1, 3, -2, 4, 0.5, 5])
        let wide = try read(file("{'descr': '<f8', 'fortran_order': True, 'shape': (2, 3), }", values: doubles))
        #expect(wide.values == [1, 0.5, 4, -2, 3, 5])
        let line = try read(file("{'descr': '<f4', 'fortran_order': True, 'shape': (6,), }", values: singles))
        #expect(line.values == six)
    }

    @Test(arguments: [
        ("{'descr': '>f4', 'fortran_order': False, 'shape': (3, 2), }", "type is '>f4'"),
        ("{'descr': '<i8', 'fortran_order': False, 'shape': (3, 2), }", "type is '<i8'"),
        ("{'descr': '<f4', 'fortran_order': True, 'shape': (3, 2, 1), }", "Fortran order"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 3), }", "asks for 36"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (3, -2), }", "no tuple of sizes"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 4), }", "beyond all bounds"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (0, 9223372036854775807), }", "beyond all bounds"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (2147483648, 0), }", "beyond all bounds"),
        ("{'descr': '<f4', 'shape': (3, 2), }", "no 'fortran_order'"),
        ("{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (3, 2), }", "float32 and float64"),
    ])
    func saysWhatIsWrong(_ header: String, _ message: String) {
        let bytes = file(header, values: singles)
        do throws(NPYArray.Failure) {
            _ = try read(bytes)
            Issue.record("it was read")
        } catch {
            #expect(error.description.contains(message), "\(error)")
        }
    }

    @Test func anythingElseIsNoFile() {
        let whole = file("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }", values: singles)
        for end in 0..<whole.count { #expect(throws: NPYArray.Failure.self) { try read(Array(whole[..<end])) } }
        #expect(throws: NPYArray.Failure.self) { try read(Array("hello, I am some text".utf8)) }
        #expect(throws: NPYArray.Failure.self) { try read(file("{}", version: 9, values: [])) }
    }

    @Test func whatIsWrittenIsReadAgain() throws {
        let matrix = Matrix([[1, 2, 3], [4, 5, -6.5]])
        let bytes = NPYArray.encode(matrix)
        #expect((bytes.count - 24) % 64 == 0)
        let array = try read(bytes)
        #expect(array.shape == [2, 3] && array.values == [1, 2, 3, 4, 5, -6.5])
        #expect(try array.matrix()[1, 2] == -6.5)
        #expect(NPYArray.encode(array.values, columns: 3) == bytes)
        #expect(throws: NPYArray.Failure.self) { try read(NPYArray.encode([Int32(1), 2], columns: 2)) }
        #expect(throws: NPYArray.Failure.self) { try read(NPYArray.encode([Float.nan], columns: 1)).matrix() }
    }
}
