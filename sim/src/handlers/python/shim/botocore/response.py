"""The body of a Lambda invocation's answer."""


class StreamingBody:
    def __init__(self, data):
        self._data = data
        self._at = 0

    def read(self, amt=None):
        end = len(self._data) if amt is None or amt < 0 else self._at + amt
        chunk = self._data[self._at:end]
        self._at += len(chunk)
        return chunk

    def iter_lines(self, *args):
        yield from self.read().splitlines()

    def iter_chunks(self, chunk_size=1024):
        while True:
            chunk = self.read(chunk_size)
            if not chunk:
                return
            yield chunk

    def __iter__(self):
        return self.iter_chunks()

    def readable(self):
        return True

    def close(self):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        pass
