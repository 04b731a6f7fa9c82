// Most of them wait, for brokers, for databases, for processes to start and die.
[assembly: LevelOfParallelism(3)]
