// Gates: files dropped or chosen, sent with progress; sliders beside the numbers of what-if. Everything works without it.
(() => {
  "use strict";
  const named = (files) => {
    const names = [...files].slice(0, 4).map((file) => file.name).join(", ");
    return files.length > 4 ? `${names} and ${files.length - 4} more` : names;
  };
  for (const box of document.querySelectorAll("[data-drop]")) {
    const input = box.querySelector("input[type=file]"), words = box.querySelector(".chosen");
    // A browser names one chosen file itself, several only by their number.
    input.addEventListener("change", () => { words.textContent = input.files.length > 1 ? named(input.files) : ""; });
    box.addEventListener("dragover", (event) => { if (event.dataTransfer.types.includes("Files")) { event.preventDefault(); box.classList.add("over"); } });
    box.addEventListener("dragleave", (event) => { if (!box.contains(event.relatedTarget)) box.classList.remove("over"); });
    box.addEventListener("drop", (event) => {
      event.preventDefault();
      box.classList.remove("over");
      const files = [...event.dataTransfer.files];
      if (!files.length) return;
      const taken = new DataTransfer();
      for (const file of input.multiple ? files : files.slice(0, 1)) taken.items.add(file);
      input.files = taken.files;
      input.dispatchEvent(new Event("change", { bubbles: true }));
    });
  }

  const form = document.querySelector("form[data-upload]");
  form?.addEventListener("submit", (event) => {
    event.preventDefault();
    const bar = document.getElementById("upload-progress"), words = document.getElementById("upload-words"), said = document.getElementById("said-here");
    const button = form.querySelector("button[type=submit]"), request = new XMLHttpRequest();
    const rest = (text) => { button.disabled = false; bar.hidden = true; words.textContent = text; };
    const size = [...form.querySelectorAll("input[type=file]")].flatMap((input) => [...input.files]).reduce((sum, file) => sum + file.size, 0);
    if (size > Number(form.dataset.most)) { rest(`${Math.round(size / 1e6)} MB are more than this page takes. Write Parquet, or judge on the command line.`); return; }
    request.open("POST", form.dataset.upload);
    request.setRequestHeader("HX-Request", "true");
    request.upload.addEventListener("progress", (sent) => {
      if (!sent.lengthComputable) return;
      bar.value = (100 * sent.loaded) / sent.total;
      if (sent.loaded === sent.total) words.textContent = "Sent. Judging…";
    });
    request.addEventListener("load", () => {
      const to = request.getResponseHeader("HX-Redirect");
      if (to) { location.href = to; return; }
      rest("");
      if ((request.getResponseHeader("Content-Type") ?? "").startsWith("text/html")) {
        // The server's own fragment, escaped there.
        said.innerHTML = request.responseText;
        said.scrollIntoView({ block: "nearest" });
      } else rest(`The server answered ${request.status}. Nothing was judged.`);
    });
    request.addEventListener("error", () => rest("The server cannot be reached. Nothing was judged."));
    said.replaceChildren();
    button.disabled = true;
    bar.hidden = false;
    bar.value = 0;
    words.textContent = "Sending…";
    request.send(new FormData(form));
  });

  for (const dial of document.querySelectorAll("[data-dial]")) {
    const slider = dial.querySelector("input[type=range]"), number = dial.querySelector("input[type=text]");
    slider.hidden = false;
    slider.addEventListener("input", () => { number.value = slider.value; });
    number.addEventListener("input", () => { if (number.value.trim() && Number.isFinite(Number(number.value))) slider.value = number.value; });
  }
  document.addEventListener("click", (event) => {
    for (const open of document.querySelectorAll("details.export[open]")) if (!open.contains(event.target)) open.open = false;
  });
})();
