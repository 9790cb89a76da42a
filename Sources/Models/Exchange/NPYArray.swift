public import Linear

/// A NumPy array file (`.npy`, format 1.0 and 2.0: numpy.lib.format), as far as factors need it: little-endian float32 or
/// float64 of one or two dimensions, in C or Fortran order; float32 and int32 are written.
public struct NPYArray: Sendable, Equatable {
    /// The sides, the outermost first: rows × K for factors.
    public let shape: [Int]
    /// In C order; float64 is rounded.
    public let values: [Float]

    /// What is wrong with a file, for the person who made it.
    public struct Failure: Error, CustomStringConvertible, Equatable {
        public let description: String

        init(_ description: String) { self.description = description }
    }

    private static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)

    /// Reads a whole file.
    /// - Throws: what is no such file, another version, type or order, and values that are more or fewer than the shape
    ///   asks for.
    public init(_ bytes: UnsafeRawBufferPointer) throws(Failure) {
        let (header, start) = try Self.header(bytes)
        let isDouble: Bool
        switch try Self.value("descr", in: header) {
        case "'<f4'": isDouble = false
        case "'<f8'": isDouble = true
        case let other:
            throw Failure(
                "its type is \(other); float32 and float64 are read, little-endian: array.astype(numpy.float32)")
        }
        shape = try Self.shape(try Self.value("shape", in: header))
        let isFortran = try Self.value("fortran_order", in: header) == "True"
        guard !isFortran || shape.count <= 2 else {
            throw Failure(
                "it is in Fortran order and has \(shape.count) dimensions: numpy.ascontiguousarray(array) brings it "
                    + "into C order")
        }
        var count = 1
        for side in shape {
            // Each by itself too: beside a 0 any side has a small product.
            guard side <= Int(Int32.max) else { throw Failure("its shape is beyond all bounds") }
            let (product, isTooLarge) = count.multipliedReportingOverflow(by: side)
            guard !isTooLarge, product <= Int(Int32.max) * 64 else { throw Failure("its shape is beyond all bounds") }
            count = product
        }
        let width = isDouble ? 8 : 4
        guard bytes.count - start == count * width else {
            throw Failure(
                "it has \(bytes.count - start) bytes of values where its shape \(shape) asks for \(count * width)")
        }
        // Column by column in the file, as a transposed array is written.
        let (rows, columns) = isFortran && shape.count == 2 ? (shape[0], shape[1]) : (1, count)
        values = (0..<count).map { place in
            let index = place % columns * rows + place / columns
            let offset = start + index * width
            return isDouble
                ? Float(
                    Double(
                        bitPattern: UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))))
                : Float(bitPattern: UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
        }
    }

    /// As a matrix.
    public func matrix() throws(Failure) -> Matrix {
        guard shape.count == 2 else { throw Failure("it has \(shape.count) dimensions; factors have two: rows × K") }
        guard values.allSatisfy(\.isFinite) else { throw Failure("it holds values that are not finite") }
        var matrix = Matrix(rows: shape[0], columns: shape[1])
        let (columns, stride) = (shape[1], matrix.stride)
        matrix.withUnsafeMutableBase { base in
            for row in 0..<shape[0] {
                for column in 0..<columns { base[row * stride + column] = values[row * columns + column] }
            }
        }
        return matrix
    }

    // MARK: - Header

    /// The dictionary's text, and where the values begin.
    private static func header(_ bytes: UnsafeRawBufferPointer) throws(Failure) -> (String, Int) {
        guard bytes.count >= 10, bytes.prefix(6).elementsEqual(magic) else { throw Failure("it is no .npy file") }
        let length: Int
        let start: Int
        switch bytes[6] {
        case 1: (length, start) = (Int(bytes[8]) | Int(bytes[9]) << 8, 10)
        case 2 where bytes.count >= 12:
            let size = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt32.self))
            (length, start) = (Int(size), 12)
        case let version: throw Failure("its format has the version \(version); 1 and 2 are read")
        }
        guard length <= bytes.count - start else { throw Failure("it ends within its header") }
        return (String(decoding: bytes[start..<(start + length)], as: UTF8.self), start + length)
    }

    /// The text of a value in the header, which is a Python dictionary of three known keys.
    private static func value(_ key: String, in header: String) throws(Failure) -> String {
        let text = Array(header.utf8)
        let name = Array("'\(key)':".utf8)
        guard text.count >= name.count,
            let place = (0...(text.count - name.count)).first(where: {
                text[$0..<($0 + name.count)].elementsEqual(name)
            })
        else { throw Failure("its header has no '\(key)'") }
        var value: [UInt8] = []
        var depth = 0
        for byte in text[(place + name.count)...] {
            if byte == UInt8(ascii: "(") || byte == UInt8(ascii: "[") { depth += 1 }
            if byte == UInt8(ascii: ")") || byte == UInt8(ascii: "]") { depth -= 1 }
            if depth == 0, byte == UInt8(ascii: ",") || byte == UInt8(ascii: "}") { break }
            if byte != UInt8(ascii: " ") { value.append(byte) }
        }
        return String(decoding: value, as: UTF8.self)
    }

    private static func shape(_ text: String) throws(Failure) -> [Int] {
        guard text.hasPrefix("("), text.hasSuffix(")") else { throw Failure("its shape '\(text)' is no tuple") }
        var shape: [Int] = []
        for part in text.dropFirst().dropLast().split(separator: ",") {
            guard let side = Int(part), side >= 0 else { throw Failure("its shape '\(text)' is no tuple of sizes") }
            shape.append(side)
        }
        return shape
    }

    // MARK: - Writing

    /// A matrix as a float32 file.
    public static func encode(_ matrix: Matrix) -> [UInt8] {
        var bytes = header(type: "<f4", rows: matrix.rows, columns: matrix.columns)
        bytes.reserveCapacity(bytes.count + matrix.rows * matrix.columns * 4)
        for row in 0..<matrix.rows {
            let values = UnsafeBufferPointer(start: matrix.row(row), count: matrix.columns)
            bytes.append(contentsOf: UnsafeRawBufferPointer(values))
        }
        return withExtendedLifetime(matrix) { bytes }
    }

    /// Rows of floats as a float32 file.
    public static func encode(_ values: [Float], columns: Int) -> [UInt8] {
        header(type: "<f4", rows: columns > 0 ? values.count / columns : 0, columns: columns)
            + values.withUnsafeBytes { Array($0) }
    }

    /// Rows of whole numbers as an int32 file.
    public static func encode(_ values: [Int32], columns: Int) -> [UInt8] {
        header(type: "<i4", rows: columns > 0 ? values.count / columns : 0, columns: columns)
            + values.withUnsafeBytes { Array($0) }
    }

    /// Version 1.0, padded so that the values begin at a multiple of 64 bytes.
    private static func header(type: String, rows: Int, columns: Int) -> [UInt8] {
        var text = "{'descr': '\(type)', 'fortran_order': False, 'shape': (\(rows), \(columns)), }"
        text += String(repeating: " ", count: 63 - (10 + text.utf8.count) % 64) + "\n"
        let length = text.utf8.count
        return magic + [1, 0, UInt8(length & 255), UInt8(length >> 8)] + Array(text.utf8)
    }
}
