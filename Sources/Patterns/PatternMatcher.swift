/// Runs programs on one text.
struct PatternMatcher {
    private let text: [Unicode.Scalar]
    /// The positions where each look-around matches, found in one pass.
    private var looks: [ObjectIdentifier: [Bool]] = [:]

    init(_ text: [Unicode.Scalar]) {
        self.text = text
    }

    /// Whether `program` matches anywhere in the text.
    mutating func search(_ program: PatternProgram) -> Bool {
        var isFound = false
        scan(program) { _ in
            isFound = true
            return false
        }
        return isFound
    }

    /// Whether the look-around `program` matches at `position`.
    private mutating func look(_ program: PatternProgram, at position: Int) -> Bool {
        if let places = looks[ObjectIdentifier(program)] { return places[position] }
        var places = Array(repeating: false, count: text.count + 1)
        scan(program) { place in
            places[place] = true
            return true
        }
        looks[ObjectIdentifier(program)] = places
        return places[position]
    }

    /// Starts `program` at every position, and calls `matched` with each position where a match ends until it returns false.
    ///
    /// All alternatives are followed at once, and each instruction runs at most once per position.
    private mutating func scan(_ program: PatternProgram, matched: (Int) -> Bool) {
        var position = program.isBackward ? text.count : 0
        let end = program.isBackward ? 0 : text.count
        var threads = ThreadSet(size: program.instructions.count)
        var next = ThreadSet(size: program.instructions.count)
        while true {
            add(0, at: position, of: program, to: &threads)
            if threads.isMatch, !matched(position) { return }
            if position == end { return }
            let scalar = text[program.isBackward ? position - 1 : position]
            position += program.isBackward ? -1 : 1
            next.clear()
            for instruction in threads.waiting {
                guard case .scalar(let set) = program.instructions[instruction], set.contains(scalar) else { continue }
                add(instruction + 1, at: position, of: program, to: &next)
            }
            swap(&threads, &next)
        }
    }

    /// Follows the instructions that consume no character.
    private mutating func add(_ first: Int, at position: Int, of program: PatternProgram, to threads: inout ThreadSet) {
        var pending = [first]
        while let index = pending.popLast() {
            guard threads.visit(index) else { continue }
            switch program.instructions[index] {
            case .match: threads.isMatch = true
            case .scalar: threads.waiting.append(index)
            case .jump(let target): pending.append(target)
            case .split(let first, let second): pending += [second, first]
            case .start: if position == 0 { pending.append(index + 1) }
            case .end: if position == text.count { pending.append(index + 1) }
            case .wordBoundary(let isNegated):
                if (isWord(position - 1) != isWord(position)) != isNegated { pending.append(index + 1) }
            case .look(let program, let isNegated):
                if look(program, at: position) != isNegated { pending.append(index + 1) }
            }
        }
    }

    private func isWord(_ position: Int) -> Bool {
        text.indices.contains(position) && ScalarSet.word.contains(text[position])
    }
}

/// The state at one position: the instructions that wait for a character, each at most once.
private struct ThreadSet {
    var waiting: [Int] = []
    var isMatch = false
    private var visited: [Bool]
    private var visits: [Int] = []

    init(size: Int) {
        visited = Array(repeating: false, count: size)
    }

    /// Adds an instruction. Returns false if it is a duplicate.
    mutating func visit(_ instruction: Int) -> Bool {
        guard !visited[instruction] else { return false }
        visited[instruction] = true
        visits.append(instruction)
        return true
    }

    mutating func clear() {
        for instruction in visits { visited[instruction] = false }
        visits.removeAll(keepingCapacity: true)
        waiting.removeAll(keepingCapacity: true)
        isMatch = false
    }
}
