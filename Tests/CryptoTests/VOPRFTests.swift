import Crypto
import Primitives
import Testing

@Suite struct VOPRFTests {
    private func secret(_ text: String) throws(RistrettoError) -> RistrettoSecret {
        try RistrettoSecret(copying: hex(text).span)
    }

    @Test("RFC 9497 A.1: every step gives the published bytes", arguments: VOPRFVector.all)
    func vectors(vector: VOPRFVector) throws {
        let protocolMode = try #require(VOPRF.Mode(rawValue: vector.mode))
        let function = VOPRF(protocolMode)
        let derived = try function.deriveKey(seed: hex(VOPRFVector.seed), info: Array(VOPRFVector.keyInfo.utf8))
        #expect(derived.withBytes { bytes in Hex.encode((0..<32).map { bytes[$0] }) } == vector.secretKey)
        if let publicKey = vector.publicKey { #expect(derived.publicElement().hex == publicKey) }

        var blinded: [GroupElement] = []
        for index in vector.inputs.indices {
            let blinding = try function.blind(hex(vector.inputs[index]), with: secret(vector.blinds[index]))
            #expect(blinding.element.hex == vector.blinded[index])
            blinded.append(blinding.element)
        }
        let evaluated = try function.evaluate(blinded, with: derived)
        #expect(evaluated.map(\.hex) == vector.evaluated)
        if let expected = vector.proof, let nonce = vector.nonce {
            let proof = try function.prove(evaluated, of: blinded, with: derived, nonce: secret(nonce))
            #expect(Hex.encode(proof.bytes) == expected)
            try function.verify(proof, for: evaluated, of: blinded, publicKey: derived.publicElement())
        }
        for index in vector.inputs.indices {
            let blinding = try function.blind(hex(vector.inputs[index]), with: secret(vector.blinds[index]))
            #expect(Hex.encode(try function.finalize(blinding, evaluated: evaluated[index])) == vector.outputs[index])
            #expect(
                Hex.encode(try function.evaluateDirectly(hex(vector.inputs[index]), with: derived))
                    == vector.outputs[index])
        }
    }

    @Test("a proof does not hold for another key, input, output, order, mode, or with a byte changed")
    func proofs() throws {
        let function = VOPRF(.verifiable)
        let key = RistrettoSecret()
        let (first, second) = (try function.blind([1]).element, try function.blind([2]).element)
        let inputs = [first, second]
        let outputs = try function.evaluate(inputs, with: key)
        let proof = try function.prove(outputs, of: inputs, with: key)
        let publicKey = key.publicElement()
        try function.verify(proof, for: outputs, of: inputs, publicKey: publicKey)
        let other = RistrettoSecret().publicElement()
        #expect(throws: RistrettoError.badProof) {
            try function.verify(proof, for: outputs, of: inputs, publicKey: other)
        }
        #expect(throws: RistrettoError.badProof) {
            try function.verify(proof, for: outputs.reversed(), of: inputs, publicKey: publicKey)
        }
        #expect(throws: RistrettoError.badProof) {
            try function.verify(proof, for: [outputs[0], other], of: inputs, publicKey: publicKey)
        }
        #expect(throws: RistrettoError.badProof) {
            try function.verify(proof, for: outputs, of: [other, second], publicKey: publicKey)
        }
        #expect(throws: RistrettoError.badProof) {
            try VOPRF(.oblivious).verify(proof, for: outputs, of: inputs, publicKey: publicKey)
        }
        #expect(throws: RistrettoError.badElementCount) {
            try function.verify(proof, for: [outputs[0]], of: inputs, publicKey: publicKey)
        }
        #expect(throws: RistrettoError.badElementCount) {
            try function.verify(proof, for: [], of: [], publicKey: publicKey)
        }
        for bytes in flips(of: proof.bytes) {
            let changed = try #require(GroupProof(bytes))
            #expect(throws: RistrettoError.badProof) {
                try function.verify(changed, for: outputs, of: inputs, publicKey: publicKey)
            }
        }
    }

    @Test("the identity and bad encodings are never evaluated, nor more elements than a request may hold")
    func refusals() throws {
        let function = VOPRF(.verifiable)
        let key = RistrettoSecret()
        #expect(throws: RistrettoError.invalidElement) { try function.evaluate([.zero], with: key) }
        #expect(throws: RistrettoError.badElementCount) { try function.evaluate([], with: key) }
        let element = try function.blind([7]).element
        let many = [GroupElement](repeating: element, count: PartialEvaluation.elementCountMax + 1)
        #expect(throws: RistrettoError.badElementCount) { try function.evaluate(many, with: key) }
        #expect(throws: RistrettoError.inputTooLong) {
            _ = try function.blind([UInt8](repeating: 0, count: 65_536))
        }
        let blinding = try function.blind([7])
        #expect(throws: RistrettoError.invalidElement) { try function.finalize(blinding, evaluated: .zero) }
    }

    @Test("two blindings of one input have nothing in common, and lead to one output")
    func blindness() throws {
        let function = VOPRF(.verifiable)
        let key = RistrettoSecret()
        let first = try function.blind([9])
        let second = try function.blind([9])
        #expect(first.element != second.element)
        let evaluated = try function.evaluate([first.element, second.element], with: key)
        let outputs = (
            try function.finalize(first, evaluated: evaluated[0]),
            try function.finalize(second, evaluated: evaluated[1])
        )
        #expect(outputs.0 == outputs.1)
    }

    @Test("location and sealing key differ from each other, from epoch to epoch, and from number to number")
    func locations() {
        let (output, other) = ([UInt8](repeating: 1, count: 64), [UInt8](repeating: 2, count: 64))
        let epoch = LocationEpoch(5)
        let location = VOPRFLocation.location(output: output, epoch: epoch)
        #expect(location == VOPRFLocation.location(output: output, epoch: epoch))
        #expect(location != VOPRFLocation.location(output: output, epoch: epoch.next))
        #expect(location != VOPRFLocation.location(output: other, epoch: epoch))
        let seal = VOPRFLocation.sealingKey(output: output, epoch: epoch)
        #expect(seal.withBytes { bytes in DHTKey(bytes) } != location)
        let next = VOPRFLocation.sealingKey(output: output, epoch: epoch.next)
        let isEqual = seal.isEqual(to: next)
        #expect(!isEqual)
        #expect(LocationEpoch(at: Timestamp(LocationEpoch.milliseconds * 3 + 1)) == LocationEpoch(3))
    }
}
