# The app with its embedded model: docker build -t synthgen . && docker run -p 127.0.0.1:8501:8501 -v synthgen:/data synthgen
FROM python:3.13-slim

RUN useradd --create-home --uid 1000 synthgen && install -d -o synthgen -g synthgen /data /app
WORKDIR /app

COPY requirements.txt ./
RUN pip install --no-cache-dir --disable-pip-version-check -r requirements.txt

COPY --chown=synthgen:synthgen . .
USER synthgen

# 93 MB, verified; with it in the image, a container starts without a network.
RUN python -m synthgen_core.providers.weights

ENV DATA_DIR=/data PYTHONUNBUFFERED=1
VOLUME /data
EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s CMD ["python", "-c", \
    "import urllib.request as r; r.urlopen('http://127.0.0.1:8501/_stcore/health', timeout=4)"]
STOPSIGNAL SIGTERM
CMD ["python", "-m", "streamlit", "run", "streamlit_app.py", "--server.address", "0.0.0.0", "--server.port", "8501"]
