package portstest
var userTests = tests{}
var uniquenessTests = tests{}
var attemptTests = tests{}
var sessionTests = tests{}
var rotationTests = tests{}
var endingTests = tests{}
var challengeTests = tests{}
var guessTests = tests{}
var throttleTests = tests{}
var recordTests = tests{}
var timeTests = tests{}
var purgeTests = tests{}
var listTests = tests{}
var adminTests = tests{}
