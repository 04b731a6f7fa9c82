using System.Collections.Concurrent;
using Aspire.Hosting.Dashboard;
using Microsoft.Extensions.Logging;

namespace Aspire.Hosting.Orchestration
{
    /// <summary>
    /// What each resource wrote, the newest of it: at most 4,000 lines and 1 Mi characters a resource.
    /// </summary>
    internal sealed class ConsoleLogs(TimeProvider time)
    {
        private readonly ConcurrentDictionary<string, ConsoleLog> _logs = new(StringComparer.OrdinalIgnoreCase);

        public ConsoleLog Of(string resource) => _logs.GetOrAdd(resource, _ => new ConsoleLog(time));
    }

    internal sealed class ConsoleLog(TimeProvider time)
    {
        public const int MostLines = 4_000;
        public const int MostCharacters = 1024 * 1024;

        /// <summary>Hears of each line as well.</summary>
        public Action<ConsoleLine>? Echo { get; set; }

        private readonly Lock _lock = new();
        private readonly Queue<ConsoleLine> _lines = new();
        private long _characters;
        private long _last;
        private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Add(string text, bool isError)
        {
            TaskCompletionSource changed;
            ConsoleLine line;
            lock (_lock)
            {
                line = new ConsoleLine(++_last, time.GetUtcNow(), isError, text);
                _lines.Enqueue(line);
                _characters += text.Length;
                while (_lines.Count > MostLines || _characters > MostCharacters)
                {
                    _characters -= _lines.Dequeue().Text.Length;
                }

                changed = _changed;
                _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }

            changed.SetResult();
            Echo?.Invoke(line);
        }

        public IReadOnlyList<ConsoleLine> After(long number, int atMost)
        {
            lock (_lock)
            {
                var first = _last - _lines.Count + 1;
                var skipped = (int)Math.Clamp(number + 1 - first, 0, _lines.Count);
                return [.. _lines.Skip(skipped).Take(atMost)];
            }
        }

        /// <summary>The newest line that says something, for a sentence about what went wrong.</summary>
        public string? LastWords(long after)
        {
            lock (_lock)
            {
                var said = _lines.Where(line => line.Number > after && line.Text.Length > 0).ToArray();
                return (said.LastOrDefault(line => line.IsError) ?? said.LastOrDefault())?.Text.Trim();
            }
        }

        public long LastNumber
        {
            get { lock (_lock) return _last; }
        }

        public async Task WaitForMore(long after, CancellationToken cancellation)
        {
            Task changed;
            lock (_lock)
            {
                if (_last > after) return;
                changed = _changed.Task;
            }

            await changed.WaitAsync(cancellation);
        }
    }
}

namespace Aspire.Hosting.ApplicationModel
{
    public readonly record struct LogLine(int LineNumber, string Content, bool IsErrorMessage);

    /// <summary>Writes to, and reads, what a resource shows as its console.</summary>
    public class ResourceLoggerService
    {
        private readonly Orchestration.ConsoleLogs _logs;

        internal ResourceLoggerService(Orchestration.ConsoleLogs logs) => _logs = logs;

        public ILogger GetLogger(IResource resource)
        {
            ArgumentNullException.ThrowIfNull(resource);
            return GetLogger(resource.Name);
        }

        public ILogger GetLogger(string resourceName) => new Writer(_logs.Of(resourceName));

        public IAsyncEnumerable<IReadOnlyList<LogLine>> WatchAsync(IResource resource)
        {
            ArgumentNullException.ThrowIfNull(resource);
            return WatchAsync(resource.Name);
        }

        /// <summary>The lines kept, then each new one.</summary>
        public async IAsyncEnumerable<IReadOnlyList<LogLine>> WatchAsync(string resourceName)
        {
            var log = _logs.Of(resourceName);
            var seen = 0L;
            while (true)
            {
                await log.WaitForMore(seen, CancellationToken.None);
                var lines = log.After(seen, int.MaxValue);
                if (lines.Count == 0) continue;

                seen = lines[^1].Number;
                yield return [.. lines.Select(each => new LogLine((int)each.Number, each.Text, each.IsError))];
            }
        }

        private sealed class Writer(Orchestration.ConsoleLog log) : ILogger
        {
            public IDisposable? BeginScope<TState>(TState state)
                where TState : notnull => null;

            public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None;

            public void Log<TState>(
                LogLevel logLevel, EventId eventId, TState state, Exception? exception,
                Func<TState, Exception?, string> formatter)
            {
                var text = formatter(state, exception);
                if (exception is not null) text += Environment.NewLine + exception;
                foreach (var line in text.Split('\n')) log.Add(line.TrimEnd('\r'), logLevel >= LogLevel.Error);
            }
        }
    }
}
